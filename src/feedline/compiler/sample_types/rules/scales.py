"""Height and width after the resizes, as arithmetic on what is known before; each follows torchvision to the pixel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from feedline.compiler.sample_types.call import Call
from feedline.compiler.sample_types.model import Dim, Image, one_size
from feedline.compiler.sample_types.rules.moves import fixed, sized

Size = tuple[int, int]


def keep_aspect(height: int, width: int, shorter: int | None, longest: int | None) -> Size:
    """What `Resize(shorter, max_size=longest)` makes of one size."""
    short, long = min(height, width), max(height, width)
    if shorter is None:
        assert longest is not None
        new_short, new_long = int(longest * short / long), longest
    else:
        new_short, new_long = shorter, int(shorter * long / short)
        if longest is not None and new_long > longest:
            new_short, new_long = int(longest * new_short / new_long), longest
    return (new_long, new_short) if width <= height else (new_short, new_long)


def by_shorter(image: Image, call: Call, low: int, high: int, longest: int | None = None, slack: int = 0) -> Image:
    """The image with its shorter side from `low` to `high`, drawn for each sample if they differ.

    `slack`: how many pixels less than asked for torchvision's rounding may leave."""
    height, width = image.height.known, image.width.known
    if height is not None and width is not None and not slack:
        (one, two), (three, four) = (keep_aspect(height, width, side, longest) for side in (low, high))
        if (one, two) == (three, four):
            return fixed(image, one, two, call)
        return sized(image, Dim(one, three, one != three), Dim(two, four, two != four), call, shorter=Dim(low, high))
    varies, same = _varies(image, lambda size: keep_aspect(*size, high, longest), drawn=low < high)
    least = max(low - slack, 1)
    sides = [
        _side(image.height, image.width, least, high, longest),
        _side(image.width, image.height, least, high, longest),
    ]
    if longest is not None:
        sides = [Dim(1, side.high) for side in sides]
        least = 1
    shorter = Dim.of(low) if (least, high) == (low, low) else Dim(least, high, True if low < high else None)
    tall, wide = (Dim(side.low, side.high, False if side.known else varies) for side in sides)
    return sized(image, tall, wide, call, same=same, shorter=shorter)


def by_longer(image: Image, call: Call, longest: int) -> Image:
    """The image with its longer side at `longest`."""
    height, width = image.height.known, image.width.known
    if height is not None and width is not None:
        return fixed(image, *keep_aspect(height, width, None, longest), call)
    varies, same = _varies(image, lambda size: keep_aspect(*size, None, longest), drawn=False)
    return sized(image, Dim(1, longest, varies), Dim(1, longest, varies), call, same=same)


def by_ratios(
    image: Image,
    call: Call,
    ratios: Callable[[int, int], tuple[float, float]],
    limits: Sequence[float | None],
    *,
    drawn: bool,
    slack: int = 1,
) -> Image:
    """The image with both sides times one number: from the first to the second of `ratios` where the size is known,
    else up to `limits` for height and width. `slack`: by how much torchvision's rounding may miss."""
    height, width = image.height.known, image.width.known
    if height is not None and width is not None:
        least, most = ratios(height, width)
        tall, wide = (_scaled(side, least, most, slack, drawn) for side in (height, width))
        same = True if not drawn and one_size(image) else None
        return sized(image, tall, wide, call, same=None if tall.known and wide.known else same)
    varies = True if drawn else _varies(image, None, drawn=False)[0]
    tall, wide = (Dim(1, None if limit is None else int(limit) + slack, varies) for limit in limits)
    return sized(image, tall, wide, call)


def _scaled(side: int, least: float, most: float, slack: int, drawn: bool) -> Dim:
    low, high = max(1, int(side * least) - slack), max(1, int(side * most) + slack)
    return Dim(low, high, False if low == high else drawn)


def _side(mine: Dim, other: Dim, low: int, high: int, longest: int | None) -> Dim:
    """One side after a resize of the shorter side to `low` .. `high`."""
    most = None if mine.high is None else max(high, high * mine.high // other.low)
    if longest is not None:
        most = longest if most is None else min(most, longest)
    return Dim(low, most)


def _varies(image: Image, made: Callable[[Size], Size] | None, *, drawn: bool) -> tuple[bool | None, bool | None]:
    """Whether height and width differ within a batch, and whether the images have one size all the same.

    What `made` makes depends on the proportions alone and moves with them, so images of one size after it would have
    their smallest sides, and their largest, make that size too."""
    same = one_size(image)
    if drawn:
        return True, None
    if same is not False:
        return (False, None) if same else (None, None)
    highs = image.height.high, image.width.high
    if highs[0] is None or highs[1] is None:
        return True, None
    if made is not None and made((image.height.low, image.width.low)) != made((highs[0], highs[1])):
        return None, False
    return None, None
