"""From an image file to pixels: one place decides mode, bit depth and orientation for every source.

torchvision decodes what both it and Pillow decode to the same bits (8-bit JPEG and PNG), Pillow the rest, and Pillow
reads the header, but for ordinary JPEGs (see `jpeg`). So a pixel never depends on which of the two decoded it:

- colour to grey is Pillow's `convert("L")`, also for JPEG, where libjpeg's own grey differs by a few levels;
- 16-bit files keep their high byte, as libpng does; 32-bit integer and float files are clipped to 0..255 by `convert`;
- alpha and palette transparency are dropped unless the mode is RGBA; of an animation the first frame counts;
- orientation is the EXIF tag's alone, not XMP's; a TIFF's own orientation is part of the format and always applied.

`backend = "pil"` hands over what torchvision's default loader would: Pillow's image after `convert(mode)`.
"""

from __future__ import annotations

import io
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torchvision.io
from attrs import frozen
from PIL import Image, UnidentifiedImageError
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

from feedline.runtime.sources.jpeg import Header, first_rows, header_of

Pixels = tv_tensors.Image | Image.Image
Mode = Literal["RGB", "L", "RGBA", "KEEP"]
MODES = ("RGB", "L", "RGBA")
"""What a file may ask for. `KEEP` leaves the channels of an array or a tensor as they are."""
Size = tuple[int, int]
"""Width, height."""

_ORIENTATION_TAG = 0x0112
# EXIF orientation -> what turns the stored picture upright: mirror in x, mirror in y, then swap the axes.
_TURNS = {
    1: (False, False, False),
    2: (True, False, False),
    3: (True, True, False),
    4: (False, True, False),
    5: (False, False, True),
    6: (False, True, True),
    7: (True, True, True),
    8: (True, False, True),
}
_TURNS_PIL = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@frozen
class ImageOptions:
    """How a source wants its images."""

    mode: Mode = "RGB"
    backend: Literal["tensor", "pil"] = "tensor"
    exif: bool = True


class BrokenImage(Exception):
    """An image that cannot be read; the text says why, in words that need no file name."""


@frozen
class Decoded:
    """An upright image, with what annotations drawn on the stored file need to follow it."""

    image: Pixels
    stored_size: Size
    orientation: int = 1
    """The EXIF orientation that was applied; 1 where there was none or it was left alone."""


@frozen(eq=False)
class Undecoded:
    """An upright JPEG of three colours that is read and not decoded, because only a part of it may be needed."""

    path: str
    data: np.ndarray
    header: Header
    options: ImageOptions

    @property
    def height(self) -> int:
        """In pixels."""
        return self.header.height

    @property
    def width(self) -> int:
        """In pixels."""
        return self.header.width

    def decode(self) -> torch.Tensor:
        """All of it, uint8 (3, H, W), in any layout. Raises `BrokenImage`."""
        pixels = _decoded(self.data, torchvision.io.ImageReadMode.RGB)
        if pixels is not None:
            return pixels
        with layout(as_decoded=True):  # by Pillow
            image = decode(self.path, self.options).image
        assert isinstance(image, torch.Tensor)
        return image.as_subclass(torch.Tensor)

    def part(
        self, factor: int, box: tuple[int, int, int, int], size: tuple[int, int], *, cubic: bool = False
    ) -> torch.Tensor:
        """What is inside `box` (left, top, right, bottom), resized to `size` (height, width), uint8 (3, *size), from
        the image decoded at 1/`factor`, which is 2, 4 or 8. What is below is not decoded. Raises `BrokenImage`."""
        reach = 2 * (-(-(box[3] - box[1]) // size[0]) + factor)  # of the filters, for resizing and for colours
        data = first_rows(self.data, self.header, box[3] + reach)
        try:
            with Image.open(io.BytesIO(data.data)) as image:
                image.draft("RGB", (image.size[0] // factor, image.size[1] // factor))
                across, down = image.size[0] / self.width, -(-self.height // factor) / self.height
                where = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
                how = Image.Resampling.BICUBIC if cubic else Image.Resampling.BILINEAR
                made = image.resize((size[1], size[0]), how, where)
        except Exception as error:  # decoders raise anything at all for broken data
            raise BrokenImage(_why(error)) from error
        return torch.from_numpy(np.array(made)).permute(2, 0, 1)


def decode(path: str | os.PathLike[str], options: ImageOptions) -> Decoded:
    """The image in a file: a `tv_tensors.Image` uint8 (C, H, W), or a PIL image. Raises `BrokenImage`."""
    try:
        data = _bytes_of(path)
        if options.backend == "tensor" and (quick := _decode_jpeg(data, options, path)) is not None:
            return quick
        with Image.open(io.BytesIO(data.tobytes())) as image:
            stored, turn = image.size, orientation(image) if options.exif else 1
            if options.backend == "pil":
                return Decoded(turn_pil(image.convert(options.mode), turn), stored, turn)
            pixels = _decode_natively(data, image, options.mode)
            if pixels is None:
                pixels = pixels_of(image, options.mode)
    except BrokenImage:
        raise
    except Exception as error:  # decoders raise anything at all for broken data
        raise BrokenImage(_why(error)) from error
    return _upright(pixels, stored, turn)


def _bytes_of(path: str | os.PathLike[str]) -> np.ndarray:
    """A whole file, uint8 (n,)."""
    with open(path, "rb", buffering=0) as file:  # half the time that `np.fromfile` takes
        data = np.empty(os.fstat(file.fileno()).st_size, np.uint8)
        if not len(data):
            raise BrokenImage("the file is empty (0 bytes)")
        read = file.readinto(data.data)
    return data if read == len(data) else np.fromfile(path, np.uint8)


def _upright(pixels: torch.Tensor, stored: Size, turn: int) -> Decoded:
    pixels = turn_tensor(pixels, turn)
    return Decoded(tv_tensors.Image(pixels if _layout.as_decoded else in_planes(pixels)), stored, turn)


def in_planes(pixels: torch.Tensor) -> torch.Tensor:
    """An image (C, H, W) laid out one colour after the other."""
    if pixels.shape[-2:] == (1, 1):  # planes or not, to `contiguous`; but torch's resizing goes by the strides
        return pixels.clone(memory_format=torch.contiguous_format)
    return pixels.contiguous()


class _Layout(threading.local):
    as_decoded = False
    undecoded = False


_layout = _Layout()


@contextmanager
def layout(as_decoded: bool, undecoded: bool = False) -> Iterator[None]:
    """Inside the block `decode` may leave the pixels as its decoder lays them out, colours side by side, instead of in
    planes: the same values under the same indices, without the time to move them. With `undecoded` the image of an
    ordinary JPEG that is upright is an `Undecoded`."""
    before = _layout.as_decoded, _layout.undecoded
    _layout.as_decoded, _layout.undecoded = as_decoded, undecoded
    try:
        yield
    finally:
        _layout.as_decoded, _layout.undecoded = before


def keeps_layout() -> bool:
    """Whether this is inside such a block."""
    return _layout.as_decoded


def size(path: str | os.PathLike[str], exif: bool = True) -> Size:
    """Width and height as the chain will see them, from the header alone. Raises `BrokenImage`."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            swapped = exif and orientation(image) >= 5
    except Exception as error:
        raise BrokenImage("the file is empty (0 bytes)" if _is_empty(path) else _why(error)) from error
    return (height, width) if swapped else (width, height)


def adapt(value: Any, options: ImageOptions) -> Decoded:
    """An image that another dataset made (PIL, array (H, W[, C]), tensor (C, H, W)), as the chain expects it.

    A float tensor or an array that is not uint8 passes unchanged in values: only its maker knows their range.
    Raises `BrokenImage` for what is no image."""
    if isinstance(value, Image.Image):
        turn = orientation(value) if options.exif else 1
        if options.backend == "pil":
            return Decoded(turn_pil(value.convert(options.mode), turn), value.size, turn)
        return Decoded(tv_tensors.Image(turn_tensor(pixels_of(value, options.mode), turn)), value.size, turn)
    if isinstance(value, np.ndarray) and value.ndim in (2, 3):
        value = torch.from_numpy(np.ascontiguousarray(value.reshape(*value.shape[:2], -1).transpose(2, 0, 1)))
    if not isinstance(value, torch.Tensor) or value.ndim not in (2, 3):
        raise BrokenImage(f"{type(value).__name__} is no image: a PIL image, an array or a tensor was expected")
    pixels = value.as_subclass(torch.Tensor)
    pixels = pixels[None] if pixels.ndim == 2 else pixels
    if pixels.dtype == torch.uint8:
        pixels = with_mode(pixels, options.mode)
    stored = (pixels.shape[-1], pixels.shape[-2])
    if options.backend == "pil":
        return Decoded(F.to_pil_image(pixels), stored)
    return Decoded(tv_tensors.Image(pixels), stored)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation of an opened image, 1 to 8; 1 where there is none, or none that makes sense."""
    data = image.info.get("exif")
    if not data or image.format == "TIFF":
        return 1
    exif = Image.Exif()
    try:
        exif.load(data)
        value = exif.get(_ORIENTATION_TAG, 1)
    except Exception:  # a broken EXIF block does not make the picture unreadable
        return 1
    return value if value in _TURNS else 1


def turn_tensor(tensor: torch.Tensor, turn: int) -> torch.Tensor:
    """A (..., H, W) tensor turned upright."""
    mirror_x, mirror_y, swap = _TURNS[turn]
    axes = [axis for axis, mirrored in ((-1, mirror_x), (-2, mirror_y)) if mirrored]
    tensor = tensor.flip(axes) if axes else tensor
    # A clone, where one pixel wide: `contiguous` would leave strides by which torch's resizing reads beside the image.
    return tensor.transpose(-1, -2).clone(memory_format=torch.contiguous_format) if swap else tensor


def turn_pil(image: Image.Image, turn: int) -> Image.Image:
    """A PIL image turned upright."""
    return image.transpose(_TURNS_PIL[turn]) if turn in _TURNS_PIL else image


def turn_boxes(boxes: torch.Tensor, turn: int, stored_size: Size) -> torch.Tensor:
    """XYXY boxes (N, 4) of the stored picture, on the upright one."""
    mirror_x, mirror_y, swap = _TURNS[turn]
    x1, y1, x2, y2 = boxes.unbind(-1)
    if mirror_x:
        x1, x2 = stored_size[0] - x2, stored_size[0] - x1
    if mirror_y:
        y1, y2 = stored_size[1] - y2, stored_size[1] - y1
    return torch.stack([y1, x1, y2, x2] if swap else [x1, y1, x2, y2], -1)


def with_mode(pixels: torch.Tensor, mode: str) -> torch.Tensor:
    """uint8 (C, H, W) of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) channels in another mode, as Pillow does it."""
    channels = pixels.shape[0]
    if mode == "KEEP" or channels not in (1, 2, 3, 4):
        return pixels
    colour = pixels[: channels - 1] if channels in (2, 4) else pixels
    if mode == "L":
        if len(colour) == 1:
            return colour
        red, green, blue = colour.to(torch.int32).unbind(0)
        return ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).to(torch.uint8)[None]
    colour = colour if len(colour) == 3 else colour.expand(3, -1, -1).contiguous()
    if mode == "RGB":
        return colour
    alpha = pixels[-1:] if channels in (2, 4) else torch.full_like(colour[:1], 255)
    return torch.cat([colour, alpha])


def pixels_of(image: Image.Image, mode: str) -> torch.Tensor:
    """A PIL image of any mode as uint8 (C, H, W)."""
    if image.mode.startswith("I;16"):
        high_byte = (np.asarray(image) >> 8).astype(np.uint8)
        image = Image.fromarray(high_byte)
    elif mode != "RGBA":
        image.info.pop("transparency", None)  # dropped anyway, and Pillow warns about some forms of it
    return F.pil_to_tensor(image.convert(mode))


def _decode_natively(data: np.ndarray, image: Image.Image, mode: str) -> torch.Tensor | None:
    """What torchvision makes of the file where that is what Pillow would make of it, else None."""
    eight_bit_png = image.format == "PNG" and data[24] == 8
    if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB"):
        read_mode = torchvision.io.ImageReadMode[{"L": "GRAY", "RGB": "RGB"}[image.mode]]
    elif eight_bit_png and image.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in image.info:
        read_mode = torchvision.io.ImageReadMode.UNCHANGED
    elif eight_bit_png and image.mode == "P" and mode != "RGBA":
        read_mode = torchvision.io.ImageReadMode.RGB
    else:
        return None
    pixels = _decoded(data, read_mode)
    return None if pixels is None else with_mode(pixels, mode)


def _decode_jpeg(data: np.ndarray, options: ImageOptions, path: str | os.PathLike[str]) -> Decoded | None:
    """An ordinary JPEG without Pillow, None for any other file and for one that torchvision refuses."""
    header = header_of(data.data)
    if header is None or header.width * header.height > (Image.MAX_IMAGE_PIXELS or math.inf):
        return None
    upright = header.orientation == 1 or not options.exif
    if _layout.undecoded and header.channels == 3 and options.mode == "RGB" and upright:
        later: Any = Undecoded(os.fspath(path), data, header, options)
        return Decoded(later, (header.width, header.height))
    pixels = _decoded(
        data, torchvision.io.ImageReadMode.RGB if header.channels == 3 else torchvision.io.ImageReadMode.GRAY
    )
    if pixels is None:
        return None
    turn = header.orientation if options.exif else 1
    return _upright(with_mode(pixels, options.mode), (header.width, header.height), turn)


def _decoded(data: np.ndarray, mode: torchvision.io.ImageReadMode) -> torch.Tensor | None:
    """uint8 (C, H, W) in the decoder's layout; None where torchvision has no codecs or is stricter about broken files
    than Pillow, which then decides."""
    try:
        # The operator itself: `torchvision.io.decode_image` adds nothing but a deprecation warning for every call.
        return torch.ops.image.decode_image(torch.from_numpy(data), mode.value, False)
    except (AttributeError, RuntimeError):
        return None


def _is_empty(path: str | os.PathLike[str]) -> bool:
    try:
        return Path(path).stat().st_size == 0
    except OSError:
        return False


def _why(error: Exception) -> str:
    """A decoder's complaint in plain words."""
    text = str(error)
    if isinstance(error, FileNotFoundError):
        return "the file does not exist"
    if isinstance(error, IsADirectoryError):
        return "it is a folder, not a file"
    if isinstance(error, PermissionError):
        return "reading it is not permitted"
    if isinstance(error, UnidentifiedImageError):
        return "it is no image of a known format, or its header is damaged"
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "the image is cut short (truncated)"
    if isinstance(error, Image.DecompressionBombError):
        return "the image is larger than Pillow's limit (`PIL.Image.MAX_IMAGE_PIXELS`)"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"the image is damaged ({text or type(error).__name__})"
