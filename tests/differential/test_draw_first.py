"""`draw_first` against the steps one after the other: the same numbers drawn, the same bits made."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import feedline
from feedline.compiler.passes import plan_of
from feedline.runtime.draws import below, between, by_words, exact, exponential, hits, order, share, uniform, words
from feedline.runtime.randomness import seeded
from feedline.runtime.transforms.drawn import DrawnStep


@given(key=st.integers(0, 2**64 - 1))
def test_words_are_what_torch_draws(key: int) -> None:
    """In the order of its calls, whatever each makes of them; torch's own generator is not moved."""
    drawn, state = words(key), torch.get_rng_state()
    low, high = float(np.float32(0.08)), float(np.float32(1.7))
    own = torch.Generator().manual_seed(key % 2**63)
    for number in range(0, len(drawn), 4):
        assert torch.rand(1, generator=own).item() == share(drawn[number])
        uniform = torch.empty(1).uniform_(low, high, generator=own)
        assert uniform.item() == between(drawn[number + 1], low, high)
        assert uniform.exp().item() == exponential(uniform.item())
        assert torch.randint(0, 4099, (1,), generator=own).item() == drawn[number + 2] % 4099
        assert torch.randint(0, 3, (1,), generator=own).item() == drawn[number + 3] % 3
    assert torch.equal(state, torch.get_rng_state())


@given(
    key=st.integers(0, 2**64 - 1), ends=st.tuples(st.floats(-9, 9, width=32), st.floats(0, 9, width=32)),
    chance=st.floats(0, 1), count=st.integers(1, 9000),
)  # fmt: skip
def test_what_is_made_of_words_is_what_torch_makes(
    key: int, ends: tuple[float, float], chance: float, count: int
) -> None:
    """More than are drawn at once; bounds that a double does not hold with all their bits are left out."""
    low, high = ends[0], ends[0] + ends[1]

    def drawn() -> list[Any]:
        draws = (lambda: hits(chance), lambda: below(count), lambda: order(7), lambda: uniform(low, high))
        return [draw() for _ in range(9) for draw in (draws if exact(low, high) else draws[:3])]

    with seeded(key):
        expected = drawn()
    with by_words(key):
        assert drawn() == expected


def test_a_block_of_words_inside_another_has_its_own() -> None:
    """And the outer one goes on where it was, also after an error inside."""
    with by_words(1):
        expected = [below(1000) for _ in range(80)]
    with by_words(2):
        inner = [below(1000) for _ in range(40)]
    with by_words(1):
        found = [below(1000) for _ in range(40)]
        with contextlib.suppress(ValueError), by_words(2):
            assert [below(1000) for _ in range(40)] == inner
            raise ValueError
        assert found + [below(1000) for _ in range(40)] == expected


def test_bounds_that_would_be_rounded_twice_are_known() -> None:
    """A narrow range far from zero, and one that begins beside zero."""
    assert exact(0.2, 1.8) and exact(-0.2, 0.2) and exact(0.0, 1.0) and exact(3.0, 3.0)
    assert not exact(0.9999999, 1.0000001) and not exact(1e-30, 1.0) and not exact(0.0, float("inf"))


def _photos(root: Path) -> Path:
    """JPEGs of several sizes and kinds, a grey one and a PNG among them."""
    for number in range(11):
        noise = np.random.default_rng(number).integers(0, 256, (5, 7, 3), np.uint8)
        image = Image.fromarray(noise).resize((24 + 17 * number, 150 - 11 * number), Image.Resampling.BICUBIC)
        place = root / "ab"[number % 2]
        place.mkdir(exist_ok=True)
        if number == 3:
            image.convert("L").save(place / "grey.jpg")
        elif number == 4:
            image.save(place / "other.png")
        else:
            image.save(place / f"{number}.jpg", subsampling=number % 3, progressive=number == 7)
    return root


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of them."""
    return _photos(tmp_path_factory.mktemp("photos"))


def loader(photos: Path, chain: str, options: str, seed: int = 1) -> feedline.Loader:
    """Batches of four, shuffled."""
    text = f'dataset d = ImageFolder("{photos}")\nloader train from d {{\n  transform {{ {chain}; ToTensor() }}\n'
    return feedline.compile(f"{text}  sample {{ batch 4; order shuffled; seed {seed} }}\n  {options}\n}}").train


def epochs(made: feedline.Loader) -> list[Any]:
    """Two of them."""
    return [batch for _ in range(2) for batch in made]


def same(left: list[Any], right: list[Any]) -> bool:
    """Whether two lists of (images, labels) have the same bits in the same layout."""
    return len(left) == len(right) and all(
        torch.equal(one, other) and one.stride() == other.stride()
        for mine, others in zip(left, right, strict=True)
        for one, other in zip(mine, others, strict=True)
    )


FLIPS = ("RandomHorizontalFlip()", "RandomVerticalFlip(0.3)", "RandomHorizontalFlip(0.1)", "RandomVerticalFlip(1.0)")
CROPS = (
    *("scale=(0.01, 0.2)", "scale=(0.9, 1.0), ratio=(0.1, 0.2)", "ratio=(0.2, 5.0)", 'interpolation="bicubic"'),
    *("antialias=false", 'interpolation="nearest"', "scale=(1.0, 1.0), ratio=(1.0, 1.0)"),
)


@settings(max_examples=25, deadline=None)
@given(
    size=st.tuples(st.integers(2, 60), st.integers(2, 60)), crop=st.sampled_from(("", *CROPS)),
    flips=st.lists(st.sampled_from(FLIPS), max_size=3), seed=st.integers(0, 99),
    way=st.sampled_from(("", "num_workers = 2; worker_kind = thread", "collate list")),
)  # fmt: skip
def test_what_is_drawn_first_is_as_written(
    photos: Path, size: tuple[int, int], crop: str, flips: list[str], seed: int, way: str
) -> None:
    """Any crop and flips, any picture, any way of working."""
    chain = "; ".join((f"RandomResizedCrop({size}{', ' * bool(crop)}{crop})", *flips))
    listed = "collate list" if "list" in way else ""
    expected = epochs(loader(photos, chain, f"optimize = off\n  {listed}", seed))
    made = loader(photos, chain, way, seed)
    if listed:
        expected, actual = ([([*images], [labels]) for images, labels in some] for some in (expected, epochs(made)))
        assert all(
            torch.equal(one, other)
            for mine, others in zip(expected, actual, strict=True)
            for one, other in zip(mine[0], others[0], strict=True)
        )
    else:
        assert same(expected, epochs(made))


@pytest.mark.parametrize("chain", [
    "views 2 { RandomResizedCrop(57); RandomHorizontalFlip() }",
    "Resize((60, 60)); RandomHorizontalFlip(); views 2 { one of { RandomVerticalFlip(); RandomInvert() } }",
])  # fmt: skip
def test_views_are_as_written(photos: Path, chain: str) -> None:
    """Of a grey picture and a PNG too, whose colours are planes; and where only what is before the views is drawn at
    once."""
    expected, actual = (epochs(loader(photos, chain, options)) for options in ("optimize = off", ""))
    assert same([views for views, _ in expected], [views for views, _ in actual])


def test_it_is_what_runs_here(photos: Path) -> None:
    """The trial lets it through with the versions these tests run with."""
    dataset: Any = loader(photos, "RandomResizedCrop(24); RandomHorizontalFlip()", "").dataset
    assert isinstance(dataset._chain.steps.steps[0], DrawnStep)


JOINED = 'dataset v = ImageFolder("{0}")\ndataset w = ImageFolder("{0}")\nsplit v into train 60%, val 40%\n'


@pytest.mark.parametrize(("options", "sources", "decoded", "drawn", "scaled"), [
    ("fast", 'dataset d = ImageFolder("{0}")', True, True, True),
    ("fast", f"{JOINED}dataset d = w + v.train", True, True, True),
    ("exact", f"{JOINED}dataset d = w + v.train", True, True, False),
    ("fast", 'dataset d = ImageFolder("{0}", mode="L")', True, False, False),
    ("fast", 'dataset d = ImageFolder("{0}", image_backend=pil)', False, False, False),
    ("fast", "dataset f = FakeData(size=9, image_size=(3, 40, 40))\ndataset d = f + f", False, False, False),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::feedline.FeedlineWarning")
def test_a_plan_names_what_is_in_effect(
    photos: Path, options: str, sources: str, decoded: bool, drawn: bool, scaled: bool
) -> None:
    """By data of every kind: what `explain` shows of decoding is what the loader does, and `exact` is as written."""

    def made(optimize: str) -> feedline.Pipeline:
        return feedline.compile(
            f"{sources.format(photos)}\nloader train from d {{\n"
            "  transform { RandomResizedCrop(5); RandomHorizontalFlip(); ToTensor() }\n"
            f"  sample {{ batch 4; order shuffled }}; optimize = {optimize}\n}}"
        )

    pipeline = made(options)
    plan = plan_of(pipeline.program, pipeline.program.loaders[0])
    dataset: Any = pipeline.train.dataset
    said = {item.name: item.text for item in plan.done}
    assert decoded == said.get("direct_kernels", "").endswith("as they are decoded")
    assert (drawn, scaled) == ("draw_first" in said, "scaled_decode" in said)
    assert drawn == dataset.undecoded and dataset.as_decoded >= decoded
    assert (not scaled) == same(epochs(made("off").train), epochs(pipeline.train))


@pytest.mark.parametrize("options", ["", "num_workers = 1; worker_kind = thread"])
def test_a_crop_of_nothing_fails_as_written(tmp_path: Path, options: str) -> None:
    """Of an image one pixel wide, where the fallback's aspect leaves no row: the step is named, not feedline."""
    (tmp_path / "a").mkdir()
    Image.new("RGB", (1, 60)).save(tmp_path / "a" / "0.jpg")
    chain, said = "RandomResizedCrop(8, ratio=(50.0, 100.0))", []
    for way in ("optimize = off", options):
        with pytest.raises(feedline.LoadError) as caught:
            epochs(loader(tmp_path, chain, way))
        said.append((caught.value.diagnostics[0].code, caught.value.diagnostics[0].message))
    assert said[0] == said[1]


def test_images_that_are_kept_do_not_change(photos: Path) -> None:
    """Their memory is used again only when nobody holds them."""
    made = loader(photos, "RandomResizedCrop(24)", "collate list")
    kept = epochs(made)
    copies = [[image.clone() for image in images] for images, _ in kept]
    epochs(made)
    assert all(
        torch.equal(one, other) for (images, _), copy in zip(kept, copies, strict=True)
        for one, other in zip(images, copy, strict=True)
    )  # fmt: skip


def test_a_broken_file_of_one_of_two_sources_is_named(photos: Path, tmp_path: Path) -> None:
    """By its own name and by its place in both together, as written."""
    _photos(tmp_path)
    (tmp_path / "a" / "8.jpg").write_bytes((tmp_path / "a" / "8.jpg").read_bytes()[:200])
    text = f'dataset v = ImageFolder("{photos}")\ndataset w = ImageFolder("{tmp_path}")\ndataset d = v + w\n'
    said = []
    for optimize in ("off", "exact", "fast"):
        body = "transform { RandomResizedCrop(5) }; sample { batch 4; order shuffled }"
        with pytest.raises(feedline.LoadError) as caught:
            epochs(feedline.compile(f"{text}loader train from d {{ {body}; optimize = {optimize} }}").train)
        said.append(caught.value.diagnostics[0].message)
    assert said[0] == said[1] == said[2]


@pytest.mark.parametrize("keep", [0, 200, 3000, -1])
def test_a_broken_file_fails_as_written(photos: Path, tmp_path: Path, keep: int) -> None:
    """Cut at any place: the same picture or the same failure."""
    _photos(tmp_path)
    whole = (tmp_path / "a" / "8.jpg").read_bytes()
    (tmp_path / "a" / "8.jpg").write_bytes(whole[:keep])
    found = []
    for options in ("optimize = off", "", "num_workers = 1; worker_kind = thread"):
        try:
            found.append(epochs(loader(tmp_path, "RandomResizedCrop(24)", options)))
        except feedline.LoadError as error:
            found.append(error.diagnostics[0].message)
    assert isinstance(found[0], str) or same(found[0], found[1])
    assert isinstance(found[0], list) or found[0] == found[1] == found[2]
