"""Decoding: every kind of file gives the pixels that Pillow's `convert` gives, upright, or a plain reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

from feedline.runtime.sources.images import (
    BrokenImage,
    ImageOptions,
    adapt,
    decode,
    size,
    turn_boxes,
    turn_pil,
    turn_tensor,
    with_mode,
)


def picture(mode: str = "RGB", width: int = 37, height: int = 23) -> Image.Image:
    """A picture with structure in every channel."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 255 // width, y * 255 // height, (x * y) % 256], -1).astype(np.uint8)
    image = Image.fromarray(pixels)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(pixels[..., 1]))
    return image.quantize(16) if mode == "P" else image.convert(mode)


FILES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "jpeg": ("RGB", "a.jpg", {}),
    "jpeg without subsampling": ("RGB", "a.jpg", {"subsampling": 0, "quality": 95}),
    "progressive jpeg": ("RGB", "a.jpg", {"progressive": True}),
    "grey jpeg": ("L", "a.jpg", {}),
    "cmyk jpeg": ("CMYK", "a.jpg", {}),
    "png": ("RGB", "a.png", {}),
    "grey png": ("L", "a.png", {}),
    "grey png with alpha": ("LA", "a.png", {}),
    "png with alpha": ("RGBA", "a.png", {}),
    "png with a transparent colour": ("RGB", "a.png", {"transparency": (0, 0, 0)}),
    "palette png": ("P", "a.png", {}),
    "palette png with transparency": ("P", "a.png", {"transparency": 3}),
    "palette png with transparent bytes": ("P", "a.png", {"transparency": bytes([0, 100, 255])}),
    "bilevel png": ("1", "a.png", {}),
    "bmp": ("RGB", "a.bmp", {}),
    "gif": ("P", "a.gif", {}),
    "webp": ("RGB", "a.webp", {}),
    "webp with alpha": ("RGBA", "a.webp", {"lossless": True}),
    "tiff": ("RGB", "a.tif", {}),
    "cmyk tiff": ("CMYK", "a.tif", {}),
    "float tiff": ("F", "a.tif", {}),
    "ppm": ("RGB", "a.ppm", {}),
}


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_has_the_pixels_of_pillow(tmp_path: Path, kind: str, mode: Any) -> None:
    """uint8 (C, H, W), equal to `Image.open(path).convert(mode)`."""
    stored, name, options = FILES[kind]
    picture(stored).save(tmp_path / name, **options)
    expected = np.asarray(Image.open(tmp_path / name).convert(mode))
    expected = expected[None] if mode == "L" else expected.transpose(2, 0, 1)
    image = decode(tmp_path / name, ImageOptions(mode)).image
    assert isinstance(image, torch.Tensor)
    assert torch.uint8 == image.dtype
    assert expected.tolist() == image.tolist()


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_sixteen_bits_keep_their_high_byte(tmp_path: Path, name: str, mode: Any) -> None:
    """65535 is 255 and 256 is 1, where Pillow's own conversion would clip everything above 255."""
    Image.fromarray(np.array([[0, 255, 256, 65535]], np.uint16)).save(tmp_path / name)
    image = decode(tmp_path / name, ImageOptions(mode)).image
    assert isinstance(image, torch.Tensor)
    assert [0, 0, 1, 255] == image[0, 0].tolist()
    assert (3 if mode == "RGB" else 1) == image.shape[0]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize("tag", range(1, 9))
def test_exif_orientation_is_applied_as_pillow_applies_it(tmp_path: Path, name: str, tag: int) -> None:
    """The tensor, the PIL image and the header's size agree with `ImageOps.exif_transpose`."""
    exif = Image.Exif()
    exif[0x0112] = tag
    picture().save(tmp_path / name, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / name)).convert("RGB")
    decoded = decode(tmp_path / name, ImageOptions())
    assert isinstance(decoded.image, torch.Tensor)
    assert np.asarray(upright).transpose(2, 0, 1).tolist() == decoded.image.tolist()
    assert (tag, (37, 23)) == (decoded.orientation, decoded.stored_size)
    pil = decode(tmp_path / name, ImageOptions(backend="pil")).image
    assert upright.tobytes() == pil.tobytes()  # pyright: ignore[reportAttributeAccessIssue]  (a tensor here, or a PIL image, as the test knows)
    assert upright.size == size(tmp_path / name)


def test_exif_false_leaves_the_orientation_alone(tmp_path: Path) -> None:
    """The stored pixels, the stored size."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture().save(tmp_path / "a.jpg", exif=exif)
    decoded = decode(tmp_path / "a.jpg", ImageOptions(exif=False))
    assert (1, (3, 23, 37)) == (decoded.orientation, tuple(decoded.image.shape))  # pyright: ignore[reportAttributeAccessIssue]  (a tensor here, or a PIL image, as the test knows)
    assert (37, 23) == size(tmp_path / "a.jpg", exif=False)


def test_a_broken_exif_block_does_not_matter(tmp_path: Path) -> None:
    """A picture is readable whatever its EXIF block holds."""
    picture().save(tmp_path / "a.jpg", exif=b"Exif\x00\x00garbage")
    assert 1 == decode(tmp_path / "a.jpg", ImageOptions()).orientation


def test_the_pil_backend_has_the_bits_of_torchvisions_loader(tmp_path: Path) -> None:
    """`image_backend = pil` is `default_loader`, also where the tensor path converts differently (16 bits)."""
    from torchvision.datasets.folder import default_loader

    for name, stored in (("a.jpg", "CMYK"), ("a.png", "P"), ("b.png", "I;16")):
        image = (
            Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30)) if stored == "I;16" else picture(stored)
        )
        image.save(tmp_path / name)
        pil = decode(tmp_path / name, ImageOptions(backend="pil")).image
        expected = default_loader(tmp_path / name)
        assert isinstance(pil, Image.Image)
        assert (expected.mode, expected.tobytes()) == (pil.mode, pil.tobytes())


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.gif", "a.webp", "a.tif"])
def test_a_file_that_is_cut_short_says_so(tmp_path: Path, name: str) -> None:
    """Truncated files are named as such, without a decoder's own words."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(BrokenImage) as caught:
        decode(tmp_path / name, ImageOptions())
    assert any(word in str(caught.value) for word in ("cut short", "damaged"))
    assert "csrc" not in str(caught.value)


def test_a_jpeg_without_its_last_bytes_is_read_as_pillow_reads_it(tmp_path: Path) -> None:
    """Where torchvision is stricter than Pillow, Pillow decides."""
    picture(width=400, height=300).save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[:-2])
    image = decode(tmp_path / "a.jpg", ImageOptions()).image
    expected = np.asarray(Image.open(tmp_path / "a.jpg").convert("RGB")).transpose(2, 0, 1)
    assert expected.tolist() == image.tolist()  # pyright: ignore[reportAttributeAccessIssue]  (a tensor here, or a PIL image, as the test knows)


@pytest.mark.parametrize("reader", [lambda path: decode(path, ImageOptions()), size], ids=["decode", "size"])
@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.jpg", b"", "the file is empty (0 bytes)"),
        ("text.jpg", b"not an image", "it is no image of a known format, or its header is damaged"),
        ("absent.jpg", None, "the file does not exist"),
        (".", None, "it is a folder, not a file"),
    ],
)
def test_what_is_no_image_says_why(tmp_path: Path, reader: Any, name: str, content: bytes | None, reason: str) -> None:
    """Reading pixels and reading the size give the same plain reason."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BrokenImage) as caught:
        reader(tmp_path / name)
    assert reason == str(caught.value)


@pytest.mark.parametrize("turn", range(1, 9))
def test_tensors_pil_images_and_boxes_turn_alike(turn: int) -> None:
    """A box drawn before the turn covers the same pixels after it."""
    stored = torch.zeros(1, 6, 9, dtype=torch.uint8)
    stored[0, 1:3, 2:7] = 255
    turned = turn_tensor(stored, turn)
    pil = turn_pil(Image.fromarray(stored[0].numpy()), turn)
    assert np.asarray(pil).tolist() == turned[0].tolist()
    (x1, y1, x2, y2) = turn_boxes(torch.tensor([[2.0, 1.0, 7.0, 3.0]]), turn, (9, 6))[0].int().tolist()
    drawn = torch.zeros_like(turned)
    drawn[0, y1:y2, x1:x2] = 255
    assert turned.tolist() == drawn.tolist()


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turned_line_of_pixels_is_resized_like_any_image(turn: int) -> None:
    """Torch's kernel goes by the strides of a side of one pixel too."""
    turned = turn_tensor(torch.arange(50, dtype=torch.uint8).reshape(1, 1, 50), turn)
    expected = F.resize(turned.to(torch.float32), [11, 13]).round().to(torch.uint8)
    assert (F.resize(turned, [11, 13]).int() - expected.int()).abs().max() <= 1


def test_images_of_other_datasets_are_adapted() -> None:
    """PIL images, arrays (H, W, C) and (H, W), tensors (C, H, W) and (H, W)."""
    pixels = np.asarray(picture())
    expected = pixels.transpose(2, 0, 1).tolist()
    assert expected == adapt(picture(), ImageOptions()).image.tolist()  # pyright: ignore[reportAttributeAccessIssue]  (a tensor here, or a PIL image, as the test knows)
    assert expected == adapt(pixels, ImageOptions()).image.tolist()  # pyright: ignore[reportAttributeAccessIssue]  (a tensor here, or a PIL image, as the test knows)
    assert expected == adapt(torch.tensor(expected, dtype=torch.uint8), ImageOptions()).image.tolist()  # pyright: ignore[reportAttributeAccessIssue]  (a tensor here, or a PIL image, as the test knows)
    grey = torch.zeros(4, 5, dtype=torch.uint8)
    assert (3, 4, 5) == tuple(adapt(grey, ImageOptions()).image.shape)  # pyright: ignore[reportAttributeAccessIssue]  (a tensor here, or a PIL image, as the test knows)
    assert (1, 4, 5) == tuple(adapt(grey.numpy(), ImageOptions("L")).image.shape)  # pyright: ignore[reportAttributeAccessIssue]  (a tensor here, or a PIL image, as the test knows)
    assert isinstance(adapt(grey, ImageOptions("L", backend="pil")).image, Image.Image)


def test_float_tensors_of_other_datasets_keep_their_values() -> None:
    """Only their maker knows the range."""
    image = adapt(torch.full((2, 3, 4), 0.5), ImageOptions()).image
    assert isinstance(image, torch.Tensor)
    assert (torch.float32, (2, 3, 4), 0.5) == (image.dtype, tuple(image.shape), image[0, 0, 0].item())


def test_what_is_no_image_is_not_adapted() -> None:
    """A string is no image."""
    with pytest.raises(BrokenImage, match="str is no image"):
        adapt("a.jpg", ImageOptions())


def test_grey_from_colour_is_pillows_grey() -> None:
    """Every colour of a coarse grid gives the value that `convert("L")` gives."""
    grid = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), -1).reshape(1, -1, 3).astype(np.uint8)
    expected = np.asarray(Image.fromarray(grid).convert("L"))
    assert expected.tolist() == with_mode(torch.from_numpy(grid).permute(2, 0, 1), "L")[0].tolist()
