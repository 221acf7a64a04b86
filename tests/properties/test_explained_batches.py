"""What `feedline explain` says of a batch is true: the first real batch has that structure, those dtypes and shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import feedline
from feedline.compiler import compile_source, read_source
from feedline.compiler.explain import explain
from feedline.compiler.explain.pages import BatchPart, Page
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import SourceText
from feedline.runtime.measure import counts_of
from feedline.runtime.report import BatchPart as RealPart
from feedline.runtime.run import describe

EXAMPLES = Path(__file__).parents[2] / "examples"
PIPES = sorted(EXAMPLES.glob("*.pipe"))

_KINDS = {"Image": "PIL image"}
"""What a page calls a Python class."""


def misfits(said: tuple[BatchPart, ...], real: tuple[RealPart, ...]) -> list[str]:
    """What a batch holds otherwise than said. A part of which nothing is said covers everything in it."""
    found = {part.path: part for part in real}
    unknown = tuple(part.path for part in said if part.dtype is None and part.shape is None)
    wrong = [path for path in found if path not in {part.path for part in said} and not path.startswith(unknown)]
    for part in said:
        here = found.get(part.path)
        if part.path in unknown:
            continue
        if here is None:
            wrong.append(f"{part.path} is not there")
            continue
        if part.dtype is not None and part.dtype != _KINDS.get(here.dtype, here.dtype):
            wrong.append(f"{part.path} is {here.dtype}, not {part.dtype}")
        if part.shape is not None and not _fits(part.shape, here.shape):
            wrong.append(f"{part.path} is {here.shape}, not {part.shape}")
    return wrong


def _fits(said: tuple[int | None, ...], real: tuple[int | None, ...] | None) -> bool:
    return (
        real is not None
        and len(said) == len(real)
        and all(mine is None or mine == size for mine, size in zip(said, real, strict=True))
    )


def _page(path: Path) -> Page:
    source = read_source(str(path), Reporter())
    assert source is not None
    program = compile_source(source).program
    assert program is not None
    return explain(program)


@pytest.mark.parametrize("path", PIPES, ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    """Every loader of every example, from its text alone and with its data open; and nothing is left unknown."""
    pipeline = feedline.compile(path)
    opened = explain(pipeline.program, counts=counts_of(pipeline))
    for told, counted in zip(_page(path).loaders, opened.loaders, strict=True):
        real = describe(next(iter(pipeline[told.name])))
        assert ([], []) == (misfits(told.batch, real), misfits(counted.batch, real))
        assert [] == [part.path for part in counted.batch if part.dtype is None]


# ---- random pipelines

_GEOMETRY = st.sampled_from([
    "Resize((20, 24))", "Resize(18)", "CenterCrop(16)", "RandomCrop(12, pad_if_needed=true)", "Pad(2)", "Pad((1, 2))",
    "RandomResizedCrop((14, 10))", "RandomHorizontalFlip()", "RandomRotation(10)", "Grayscale()",
    "Grayscale(num_output_channels=3)", "ColorJitter(0.2)", "RGB()", "RandomInvert()",
    "maybe 50% { RandomVerticalFlip() }", "one of { Resize((16, 16)); CenterCrop(16) }",
    "shuffled { RandomInvert(); RandomHorizontalFlip() }", "RandomApply([Pad(1)], p=0.5)", "FiveCrop(8)",
])  # fmt: skip
_CONVERSION = st.sampled_from([
    "", "ToDtype(float32, scale=true)", "ToTensor()", "ToImage()", "ToDtype(float64, scale=true)", "ToPILImage()",
    "ToDtype(float32, scale=true); Normalize((0.5,), (0.5,))", "ConvertImageDtype()", "ToPureTensor()",
])  # fmt: skip
_COLLATE = st.sampled_from([
    "", "collate stack", "collate list", "collate pad(multiple=8)", "collate pad",
    "collate { image stack; label list } as tuple", "collate { label stack; image pad(multiple=4) } as dict",
    "collate { image list } as dict",
])  # fmt: skip


@st.composite
def chains(draw: st.DrawFn) -> str:
    """Steps that one sample goes through."""
    return "; ".join([*draw(st.lists(_GEOMETRY, max_size=3)), draw(_CONVERSION)])


@st.composite
def pipelines(draw: st.DrawFn) -> str:
    """A loader over a few made-up images."""
    height, width, channels = draw(st.integers(17, 40)), draw(st.integers(17, 40)), draw(st.sampled_from([1, 3]))
    batch = draw(st.integers(1, 4))
    chain = draw(chains())
    if draw(st.booleans()):
        inner = draw(st.sampled_from(["views 2 { %s }", "views { 2 of _a; 1 of { %s } }"]))
        chain = f"{draw(_GEOMETRY)}; {inner % chain}"
    kind = draw(st.sampled_from(["", ', mode="L"', ', image_backend="pil"']))
    return (
        f"transform _a {{ {draw(chains())} }}\n"
        f"dataset d = FakeData(size=5, image_size=({channels}, {height}, {width}), num_classes=3{kind})\n"
        f"loader train from d {{\n  transform {{ {chain} }}\n  sample {{ batch {batch} }}\n  {draw(_COLLATE)}\n}}\n"
    )


@pytest.mark.filterwarnings("ignore::feedline.FeedlineWarning")
@settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(pipelines())
def test_random_pipelines(text: str) -> None:
    """Of whatever can be run."""
    result = compile_source(SourceText("<text>", text))
    assume(result.program is not None)
    assert result.program is not None
    batch: Any = None
    try:
        batch = next(iter(feedline.compile(text)["train"]))
    except (feedline.CompileError, feedline.LoadError):
        assume(False)
    (loader,) = explain(result.program).loaders
    assert [] == misfits(loader.batch, describe(batch))
