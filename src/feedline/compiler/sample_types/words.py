"""Sample types in a person's words: `float32, 0..1, 3 x 224 x 224`."""

from __future__ import annotations

from feedline.compiler.sample_types.model import (
    Boxes,
    Dim,
    Field,
    Image,
    Mask,
    Number,
    Ragged,
    Text,
    Tuple,
    Types,
    Unknown,
    one_size,
)

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def words(value: Field) -> str:
    """A field's type in words; what is not known is left out."""
    match value:
        case Image():
            return _image(value)
        case Boxes(format=format):
            return f"boxes, {format}" if format else "boxes"
        case Mask(objects=objects):
            return "masks, one an object" if objects else "mask"
        case Number(dtype=dtype, shape=shape, classes=classes):
            of = f", {classes} classes" if classes else ""
            return (dtype or "number") + (f" {shape_words(shape)}" if shape != () else "") + of
        case Ragged(dtype=dtype, length=length):
            many = f"{length.known}" if length.known is not None else "length differs"
            return f"{dtype or 'values'}, {many}"
        case Text():
            return "text"
        case Tuple(items=items):
            return _tuple(items)
        case Unknown():
            return "unknown"


def image_here(types: Types) -> str | None:
    """A note on the image where a fault was found, None where nothing is known of it."""
    known = [image for image in (sample.get("image") for sample in types) if isinstance(image, Image)]
    return f"the image here: {' or '.join(dict.fromkeys(map(words, known)))}" if known else None


def shape_words(shape: tuple[int | None, ...] | None) -> str:
    """`(64, 3, ?, ?)`, a `?` for a size that is not known or differs."""
    if shape is None:
        return "of unknown shape"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _tuple(items: tuple[Field, ...]) -> str:
    each = [words(item) for item in items]
    counts = {word: each.count(word) for word in each}
    parts = [f"{count} times ({word})" if count > 1 or len(each) == 1 else word for word, count in counts.items()]
    return parts[0] if len(parts) == 1 else f"({'; '.join(parts)})"


def _image(image: Image) -> str:
    sized = image.height.known is not None and image.width.known is not None
    parts = [_kind(image)]
    if image.backend == "pil":
        parts += [_MODES[image.channels]] if image.channels in _MODES else []
        parts += [f"{image.height.known} x {image.width.known}"] if sized else []
    elif sized:
        channels = f"{image.channels} x " if image.channels else ""
        parts.append(f"{channels}{image.height.known} x {image.width.known}")
    elif image.channels:
        parts.append(f"{image.channels} channel{'s' if image.channels > 1 else ''}")
    if not sized:
        parts += _size(image)
    return ", ".join(parts)


def _kind(image: Image) -> str:
    if image.backend == "pil":
        return "PIL image"
    dtype = image.dtype or ("tensor" if image.backend else "image")
    if image.normalised is not None:
        return f"{dtype}, normalised"
    if image.low is None or image.high is None or (image.dtype, image.low, image.high) == ("uint8", 0, 255):
        return f"{image.dtype} tensor" if image.dtype else dtype
    return f"{dtype}, {image.low:g}..{image.high:g}"


def _size(image: Image) -> list[str]:
    least = f", at least {image.height.low} x {image.width.low}" if max(_lows(image.height, image.width)) > 1 else ""
    match one_size(image):
        case False:
            return [f"size differs per image{least}"]
        case True:
            return ["one size for all"]
        case None:
            return []


def _lows(*sides: Dim) -> tuple[int, ...]:
    return tuple(side.low for side in sides)
