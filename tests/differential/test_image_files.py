"""The passes for image files against the chain as written: the same bits, for any chain, file and way of working."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import feedline
from feedline.compiler.passes import plan_of
from feedline.runtime.pipeline import rebuild
from feedline.runtime.sources import images

STEPS = (
    *(
        "Resize(40)",
        "Resize((30, 44))",
        'Resize((52, 20), interpolation="nearest")',
        "Resize((61, 47), antialias=false)",
    ),
    *(
        "RandomResizedCrop(24)",
        'RandomResizedCrop((20, 30), interpolation="bicubic")',
        "CenterCrop(26)",
        "CenterCrop(64)",
    ),
    *("RandomCrop(18)", "RandomCrop(40, padding=12)", "RandomHorizontalFlip()", "RandomVerticalFlip(0.4)", "Pad(3)"),
    *("ColorJitter(0.4, 0.4, 0.4, 0.1)", "RandomGrayscale(0.5)", "GaussianBlur(3)", "RandomAutocontrast()"),
    *("maybe 0.5 { RandomRotation(20); ColorJitter(contrast=0.5) }", "RandomAdjustSharpness(2)", "RandAugment()"),
)
ENDS = (
    "ToTensor()",
    "ToTensor(); Normalize(mean=imagenet.mean, std=imagenet.std)",
    "ToDtype(float32, scale=true); Normalize([0.4], [0.3])",
    "ToImage(); ToDtype(float16, scale=true)",
    "ToTensor(); RandomHorizontalFlip(); Normalize([0.5, 0.4, 0.3], [0.2, 0.3, 0.1])",
    "ToTensor(); Normalize([0.5], [0.25]); RandomErasing(0.5)",
    "ConvertImageDtype(float64)",
    "RandomInvert()",
)
SAME_SIZE = "Resize((32, 32))"


@cache
def files() -> Path:
    """Ordinary and odd pictures: JPEGs with and without EXIF, grey ones, PNGs of several modes, a GIF."""
    root = Path(mkdtemp())
    for number in range(14):
        place = root / "photos" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
        image = Image.fromarray(noise).resize((60 + 3 * number, 90 - 2 * number), Image.Resampling.BICUBIC)
        exif = Image.Exif()
        exif[0x0112] = number % 9
        match number:
            case 3:
                image.convert("L").save(place / "grey.jpg")
            case 4:
                image.convert("P").save(place / "palette.png")
            case 5:
                image.convert("RGBA").save(place / "alpha.png")
            case 6:
                image.save(place / "moving.gif")
            case 7:
                image.save(place / "progressive.jpg", progressive=True, quality=80, subsampling=0)
            case 8:
                image.convert("CMYK").save(place / "print.jpg")
            case 9:
                image.convert("LA").save(place / "grey.png")
            case 10 | 11 | 12:
                image.save(place / f"{number}.jpg", exif=exif)
            case _:
                image.save(place / f"{number}.jpg", quality=90)
    return root / "photos"


def loader(chain: str, options: str, batch: int, seed: int) -> feedline.Loader:
    """A shuffled loader of all files."""
    return compiled(chain, options, batch, seed).train


def compiled(chain: str, options: str, batch: int, seed: int) -> feedline.Pipeline:
    """The pipeline of it."""
    text = f"""
dataset photos = ImageFolder("{files()}")
loader train from photos {{
  transform {{ {chain} }}
  sample {{ batch {batch}; order shuffled; seed {seed} }}
  {options}
}}
"""
    return feedline.compile(text)


def outcome(made: feedline.Loader) -> list[Any] | str:
    """Two epochs, or the code of what went wrong."""
    try:
        return [batch for _ in range(2) for batch in made]
    except feedline.LoadError as error:
        return error.diagnostics[0].code


def same(left: Any, right: Any) -> bool:
    """Whether two values have the same structure, dtypes, shapes and bits."""
    if isinstance(left, torch.Tensor):
        alike = isinstance(right, torch.Tensor) and (left.dtype, left.shape) == (right.dtype, right.shape)
        return alike and torch.equal(left, right)
    if isinstance(left, list | tuple):
        return type(left) is type(right) and len(left) == len(right) and all(map(same, left, right))
    return left == right


@st.composite
def chains(draw: st.DrawFn) -> str:
    """Steps on bytes, one size at the end, and floats; or views that do so."""
    bytes_steps = "; ".join([*draw(st.lists(st.sampled_from(STEPS), max_size=3)), SAME_SIZE])
    end = draw(st.sampled_from(ENDS))
    match draw(st.integers(0, 5)):
        case 0:
            return f"views 2 {{ {bytes_steps}; {end} }}"
        case 1:
            return f"views 2 {{ {bytes_steps} }}; {end}"
        case _:
            return f"{bytes_steps}; {end}"


WAYS = ("", "num_workers = 2; worker_kind = thread", "num_workers = 1; worker_kind = thread")


@settings(max_examples=60, deadline=None)
@given(
    chain=chains(), batch=st.integers(1, 9), seed=st.integers(0, 99), way=st.sampled_from(WAYS), listed=st.booleans()
)
def test_exact_is_as_written(chain: str, batch: int, seed: int, way: str, listed: bool) -> None:
    """Every field of every batch, or the same failure."""
    collate = "\n  collate list" if listed else ""
    expected = outcome(loader(chain, f"optimize = off{collate}", batch, seed))
    assert same(expected, outcome(loader(chain, way + collate, batch, seed)))


@pytest.mark.parametrize("first", ["", "RandomHorizontalFlip(); "])
@pytest.mark.parametrize("cache", ["off", "memory"])
def test_an_image_of_one_pixel_is_as_written(tmp_path: Path, first: str, cache: str) -> None:
    """It lies in memory in two ways at once: torch resizes it to the one that its strides tell; noise goes by it."""
    Image.new("RGB", (1, 1), (9, 99, 199)).save(tmp_path / "one.jpg")
    found = []
    for options in ("optimize = off", f"cache = {cache}"):
        head = f'dataset d = Files("*.jpg", root="{tmp_path}")\nloader l from d {{ {options}; sample {{ batch 1 }}\n'
        steps = f"{first}Resize((20, 22)); RandomVerticalFlip(); ToDtype(float32, scale=true); GaussianNoise()"
        made = feedline.compile(f"{head}  transform {{ {steps} }}\n}}").l
        found.append([batch for _ in range(2) for batch in made])
    assert same(*found)


PASSES = {"late_float", "direct_kernels", "worker_threads"}


@pytest.mark.parametrize("name", sorted(PASSES))
def test_each_pass_can_be_left_out(name: str) -> None:
    """And the batches are the same without it."""
    chain = "RandomResizedCrop(24); RandomHorizontalFlip(); ToTensor(); Normalize(mean=imagenet.mean, std=imagenet.std)"
    pipeline = compiled(chain, "num_workers = 2", 5, 1)
    declaration = pipeline.program.loaders[0]
    assert PASSES - {name} == PASSES & set(plan_of(pipeline.program, declaration, [name]).passes)
    without = rebuild(pipeline, declaration, [name])
    assert without is not None
    assert same(list(pipeline.train), list(without))


@pytest.mark.parametrize("chain", ["ToTensor()", "RandomResizedCrop(24); ToTensor(); Normalize([0.5], [0.25])"])
def test_processes_put_the_floats_off(chain: str) -> None:
    """Workers send bytes, and what comes out is the same."""
    chain = f"{SAME_SIZE}; {chain}"
    made = loader(chain, "num_workers = 1; worker_kind = process", 5, 1)
    assert same(list(loader(chain, "optimize = off", 5, 1)), list(made))
    key, dataset, pack = next(iter(made.sampler)), cast(Any, made.dataset), cast(Any, made.collate_fn)
    sent = pack(dataset.__getitems__(key))
    assert torch.uint8 == sent.batch[0].dtype


def test_the_short_header_agrees_with_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file decodes the same with Pillow reading all headers, its size and orientation too."""
    for path in sorted(files().rglob("*.*")):
        for exif in (True, False):
            for mode in ("RGB", "L", "RGBA"):
                options = images.ImageOptions(mode=mode, exif=exif)
                short = images.decode(path, options)
                assert isinstance(short.image, torch.Tensor)
                with monkeypatch.context() as patch:
                    patch.setattr(images, "header_of", lambda data: None)
                    long = images.decode(path, options)
                assert isinstance(long.image, torch.Tensor)
                assert torch.equal(long.image, short.image)
                assert (long.stored_size, long.orientation) == (short.stored_size, short.orientation)
                assert short.image.is_contiguous()


# ---- `optimize = fast`


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Smooth photos of 640 x 480, so that a scaled decode is near the whole one."""
    root = tmp_path_factory.mktemp("large")
    (root / "a").mkdir()
    for number in range(6):
        noise = np.random.default_rng(number).integers(0, 256, (24, 32, 3), np.uint8)
        Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC).save(root / "a" / f"{number}.jpg")
    return root


def of(large: Path, chain: str, options: str) -> list[Any]:
    """An epoch of the large photos."""
    sample = "sample { batch 3; order shuffled; seed 3 }"
    body = f"transform {{ {chain} }}\n  {sample}\n  {options}"
    text = f'dataset d = ImageFolder("{large}")\nloader train from d {{\n  {body}\n}}'
    return list(feedline.compile(text).train)


@pytest.mark.parametrize("first", ["RandomResizedCrop(40)", "Resize((60, 80))", "Resize(70)"])
def test_fast_is_near_exact_and_the_same_for_any_workers(large: Path, first: str) -> None:
    """What a JPEG shrinks to is a few levels away at most on average; labels, sizes and dtypes are equal."""
    chain = f"{first}; RandomHorizontalFlip(); ToTensor()"
    exact, fast = of(large, chain, ""), of(large, chain, "optimize = fast")
    assert same(fast, of(large, chain, "optimize = fast; num_workers = 2"))
    assert same(fast, of(large, chain, "optimize = fast; num_workers = 1; worker_kind = process"))
    for (expected, labels), (actual, others) in zip(exact, fast, strict=True):
        assert torch.equal(labels, others)
        assert (expected.shape, expected.dtype) == (actual.shape, actual.dtype)
        assert 0 < (expected - actual).abs().mean() * 255 < 4


@pytest.mark.parametrize("first", ["Resize((300, 400))", "RandomResizedCrop(200, scale=(0.1, 0.3))", "CenterCrop(64)"])
def test_fast_enlarges_nothing(large: Path, first: str) -> None:
    """Where an image does not shrink to a half, its pixels are the exact ones."""
    chain = f"{first}; RandomHorizontalFlip(); ToTensor()"
    assert same(of(large, chain, ""), of(large, chain, "optimize = fast"))


def test_fast_says_which_file_is_broken(large: Path, tmp_path: Path) -> None:
    """Also where a part of it would have been decoded alone."""
    whole = (large / "a" / "0.jpg").read_bytes()
    (tmp_path / "a").mkdir()
    for number in range(3):
        (tmp_path / "a" / f"{number}.jpg").write_bytes(whole)
    (tmp_path / "a" / "1.jpg").write_bytes(whole[:3000])
    with pytest.raises(feedline.LoadError) as caught:
        of(tmp_path, "Resize((60, 80)); ToTensor()", "optimize = fast")
    assert "FL612" == caught.value.diagnostics[0].code
    assert "1.jpg" in caught.value.diagnostics[0].message
