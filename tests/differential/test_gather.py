"""Batches gathered as a whole against the same file run sample by sample: equal to the bit, whatever the chain."""

from __future__ import annotations

import pickle
import struct
import sys
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torchvision import datasets
from torchvision.transforms import v2

import feedline
from feedline.runtime.dataset import PipeDataset
from feedline.runtime.gather import affine, draws, jit, same_bits
from feedline.runtime.randomness import sample_key, sample_keys

SIZE = 23
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a small MNIST (28 x 28, grey) and a small CIFAR10 (32 x 32, RGB)."""
    folder = tmp_path_factory.mktemp("arrays")
    numbers = np.random.default_rng(0)
    raw, batches = folder / "MNIST" / "raw", folder / datasets.CIFAR10.base_folder
    raw.mkdir(parents=True)
    batches.mkdir()
    for part in ("train", "t10k"):
        images, labels = numbers.integers(0, 256, (SIZE, 28, 28), np.uint8), np.arange(SIZE, dtype=np.uint8) % 10
        (raw / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, *images.shape) + images.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, SIZE) + labels.tobytes())
    for number, (file, _) in enumerate((*datasets.CIFAR10.train_list, *datasets.CIFAR10.test_list)):
        part = {"data": numbers.integers(0, 256, (5, 3072), np.uint8), "labels": [number] * 5}
        (batches / file).write_bytes(pickle.dumps(part))
    (batches / "batches.meta").write_bytes(pickle.dumps({"label_names": [*"abcdefghij"]}))
    with pytest.MonkeyPatch.context() as patch:
        # The files have other contents than the published ones.
        patch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)
        yield folder


@st.composite
def warps(draw: st.DrawFn) -> str:
    """An affine step or a rotation, with any of its arguments."""
    more = [draw(st.sampled_from(["", ", fill=9"])), draw(st.sampled_from(["", ", interpolation=bilinear"]))]
    more.append(draw(st.sampled_from(["", ", center=(3, 7.5)"])))
    degrees = draw(st.sampled_from(["0", "8", "180", "(90, 90)", "(-90, -90)", "(180, 180)", "(20.5, 500)"]))
    if draw(st.booleans()):
        return f"RandomRotation({degrees}{''.join(more)})"
    more.append(draw(st.sampled_from(["", ", translate=(0.08, 0.3)", ", translate=(0, 1)"])))
    more.append(draw(st.sampled_from(["", ", scale=(0.9, 1.1)", ", scale=(0.3, 0.3)"])))
    more.append(draw(st.sampled_from(["", ", shear=5", ", shear=(-30, 10)", ", shear=(-5, 5, 0, 40)"])))
    return f"RandomAffine({degrees}{''.join(more)})"


@st.composite
def chains(draw: st.DrawFn, side: int, channels: int) -> str:
    """Steps with a form for whole batches, in any order that has one: padding before any cut and before `Normalize`, as
    are warps; other fills than 0, and pixels mixed, before they are floats."""
    side_now, steps = side, list[str]()
    fill = draw(st.sampled_from(["", ", fill=7"]))
    chance = st.sampled_from(["", "0", "1", "0.3"])
    for _ in range(draw(st.integers(0, 2))):
        steps.append(f"Pad({draw(st.sampled_from(['2', '(1, 2)', '(3, 0, 1, 2)']))}{fill})")
    least = side_now
    for _ in range(draw(st.integers(0, 2))):
        least -= draw(st.integers(0, 6))
        cut = any("Crop" in step for step in steps)
        padding = "" if cut else draw(st.sampled_from([f", padding=4{fill}", f", padding=(2, 1){fill}", ""]))
        kind = draw(st.sampled_from(["RandomCrop({}{})", "RandomCrop(({}, 9){})", "CenterCrop({})"]))
        steps.append(kind.format(least, padding))
        if "9" in kind:
            break
    while draw(st.booleans()):
        flip = draw(st.sampled_from(["RandomHorizontalFlip", "RandomVerticalFlip"]))
        steps.insert(draw(st.integers(0, len(steps))), f"{flip}({draw(chance)})")
    for warp in draw(st.lists(warps(), max_size=2)):
        steps.insert(draw(st.integers(0, len(steps))), warp)
    kinds = ["ToTensor()", "ToDtype(float32, scale=true)", "ToDtype(float32)", "ConvertImageDtype(float32)", ""]
    values = draw(st.sampled_from(kinds))
    if not values:
        return "; ".join([*steps, "ToImage()"])
    filled = max((at + 1 for at, step in enumerate(steps) if "fill" in step or "bilinear" in step), default=0)
    place = draw(st.integers(filled, len(steps)))
    steps.insert(place, values)
    if values != "ToDtype(float32)" and draw(st.booleans()):
        several = draw(st.booleans()) and channels > 1
        numbers = "(0.49, 0.48, 0.4), (0.25, 0.24, 0.26)" if several else "(0.1307,), (0.3081,)"
        filling = ("Pad", "padding", "RandomAffine", "RandomRotation")
        last = max((at for at, step in enumerate(steps) if any(word in step for word in filling)), default=0)
        steps.insert(draw(st.integers(max(place, last) + 1, len(steps))), f"Normalize({numbers})")
    return "; ".join(steps)


POLICIES = (
    "batch 5; order shuffled",
    "batch 4; last drop",
    "batch 7; order shuffled; last pad",
    "batch 6; rest with replacement; epoch 5 batches",
    "force 2 low per 5 with replacement",
    "batch 6; balance by label",
    "batch 6 across ranks; order shuffled",
)
COLLATES = ("", "collate stack", "collate { label stack; image stack } as tuple", "collate { image stack } as dict")
COLLATES += ("collate { index stack; image stack; label stack } as dict",)


def compiled(root: Path, source: str, chain: str, options: str = "", **more: Any) -> feedline.Loader:
    """The loader of a file with one of the data sets."""
    text = f"""
    param root: path
    dataset d = {source}(root)
    group low = d where label < 4
    split d into train 15, val rest seed 1
    loader train from d.train {{ transform {{ {chain} }}; {options} }}
    """
    return feedline.compile(text, root=str(root), **more).train


def delivered(loader: feedline.Loader, epochs: int = 2) -> list[Any]:
    """Every batch with what it says it is."""
    return [(batch, loader.current) for _ in range(epochs) for batch in loader]


def gathers(loader: feedline.Loader) -> bool:
    """Whether batches are gathered."""
    assert isinstance(loader.dataset, PipeDataset)
    return loader.dataset.gather is not None


@untimed
@given(st.data())
def test_gathered_batches_are_those_of_the_chain_as_written(root: Path, data: st.DataObject) -> None:
    """Any chain, policy, rank and structure; also when resumed in the middle, and what each batch says of itself."""
    source, side, channels = data.draw(st.sampled_from([("MNIST", 28, 1), ("CIFAR10", 32, 3)]))
    chain, policy = data.draw(chains(side, channels)), data.draw(st.sampled_from(POLICIES))
    rank = data.draw(st.sampled_from([(0, 1), (0, 2), (1, 2), (2, 3)]))
    policy += f"; seed {data.draw(st.integers(0, 2**40))}" + "; uneven pad" * (rank[1] > 1)
    options = f"sample {{ {policy} }}; {data.draw(st.sampled_from(COLLATES))}"
    more = {"rank": rank[0], "world_size": rank[1]}
    with pytest.MonkeyPatch.context() as patch:
        with_numba = data.draw(st.booleans())
        patch.setattr(jit, "available", lambda: with_numba)
        made = compiled(root, source, chain, options, **more)
    assert gathers(made), chain
    found = delivered(made)
    expected = delivered(compiled(root, source, chain, f"{options}; optimize = off", **more))
    assert [info for _, info in expected] == [info for _, info in found]
    assert all(same_bits(one, other) for (one, _), (other, _) in zip(expected, found, strict=True))
    had = data.draw(st.integers(0, len(made)))
    again = compiled(root, source, chain, options, **more)
    list(islice(again, had))
    resumed = compiled(root, source, chain, options, **more)
    resumed.load_state_dict(again.state_dict())
    rest = delivered(resumed, 1)
    assert [info for _, info in found[had : had + len(rest)]] == [info for _, info in rest]
    assert all(same_bits(one, other) for (one, _), (other, _) in zip(found[had:], rest, strict=False))


def test_numba_that_cannot_be_imported_is_done_without(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """As after an update of NumPy: batches come all the same, gathered and coloured, and one warning says why."""
    (tmp_path / "numba.py").write_text('raise ImportError("Numba needs NumPy 2.1 or less")')
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("numba", jit.__name__.replace("jit", "kernels")):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(jit, "available", cache(jit.available.__wrapped__))
    policy = "sample { batch 5 }"
    for steps in ("RandomCrop(20); ToTensor(); Normalize((0.5,), (0.2,))", "ColorJitter(hue=0.2); ToTensor()"):
        expected = delivered(compiled(root, "CIFAR10", steps, f"{policy}; optimize = off"))
        found = delivered(compiled(root, "CIFAR10", steps, policy))
        assert all(same_bits(one, other) for (one, _), (other, _) in zip(expected, found, strict=True))
    (said,) = [text for item in recwarn if "Numba" in (text := str(item.message))]
    assert "Numba is installed but cannot be used, so all goes on without it: Numba needs NumPy 2.1 or less" == said


@pytest.mark.parametrize("options", ["num_workers = 2", 'num_workers = 1; multiprocessing_context = "spawn"'])
def test_workers_give_the_same_batches(root: Path, options: str) -> None:
    """Each makes whole batches; both ways of starting them."""
    chain = (
        "RandomCrop(32, padding=4); RandomRotation(9); RandomHorizontalFlip(); ToTensor(); Normalize((0.5,), (0.2,))"
    )
    policy = "sample { batch 4; order shuffled; seed 3 }"
    made = compiled(root, "CIFAR10", chain, f"{policy}; {options}")
    assert gathers(made)
    expected = delivered(compiled(root, "CIFAR10", chain, policy))
    found = delivered(made)
    assert [info for _, info in expected] == [info for _, info in found]
    assert all(same_bits(one, other) for (one, _), (other, _) in zip(expected, found, strict=True))


def test_kept_batches_never_change(root: Path) -> None:
    """Batch memory is used again only when nobody holds it: neither a batch, nor a view, nor a NumPy array of one."""
    made = compiled(root, "CIFAR10", "RandomHorizontalFlip(); ToTensor()", "sample { batch 2; order shuffled }")
    kept: list[Any] = []
    copies: list[Any] = []
    for number, (images, labels) in enumerate(batch for _ in range(6) for batch in made):
        copies.append((images.clone(), labels.clone()))
        kept.append((images, labels) if number % 3 else (images.numpy()[:, ::2], labels.detach()[:]))
    for number, ((images, labels), (pixels, numbers)) in enumerate(zip(kept, copies, strict=True)):
        assert np.array_equal(images, pixels if number % 3 else pixels[:, ::2])
        assert torch.equal(labels, numbers)


def test_batch_memory_is_used_again(root: Path) -> None:
    """A loop that keeps nothing sees a few addresses."""
    made = compiled(root, "MNIST", "ToTensor()", "sample { batch 3; last drop }")
    assert len({images.data_ptr() for _ in range(5) for images, _ in made}) <= 3


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=8), st.integers(1, 2**27))
def test_draws_are_torchs_own(keys: list[int], limit: int) -> None:
    """For any key, as many as there may be: integers below a limit, and numbers from 0 to 1."""
    found = draws.outputs(np.array(keys, np.uint64), draws.MOST)
    for number, key in enumerate(keys):
        torch.manual_seed(key % 2**63)
        expected = [torch.randint(0, limit, (1,)) if at % 2 else torch.rand(1) for at in range(draws.MOST)]
        assert torch.cat(expected[1::2]).tolist() == draws.below(found[1::2, number], limit).tolist()
        assert torch.cat(expected[::2]).tolist() == draws.uniform(found[::2, number]).tolist()


_bounds = st.floats(-1e6, 1e6, width=32)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=8), _bounds, _bounds)
def test_numbers_between_are_torchs_own(keys: list[int], one: float, other: float) -> None:
    """Rounded to 32 bits where torch rounds."""
    low, high = sorted((one / 3, other / 3))
    found = draws.between(draws.outputs(np.array(keys, np.uint64), 1)[0], low, high)
    for key, number in zip(keys, found.tolist(), strict=True):
        torch.manual_seed(key % 2**63)
        assert torch.empty(1).uniform_(low, high).item() == number


@untimed
@given(warps(), st.integers(0, 2**40))
def test_grids_one_by_one_give_the_same(root: Path, warp: str, seed: int) -> None:
    """What is done where multiplying them out gives other bits than `torch.bmm`."""
    chain, options = f"RandomCrop((20, 27)); {warp}; ToImage()", f"sample {{ batch 4; seed {seed} }}"
    with pytest.MonkeyPatch.context() as patch:
        holds = affine._holds
        patch.setattr(affine, "_holds", lambda warp: not warp.spread and holds(warp))
        made = compiled(root, "CIFAR10", chain, options)
    assert gathers(made)
    expected = delivered(compiled(root, "CIFAR10", chain, f"{options}; optimize = off"))
    assert all(same_bits(one, other) for (one, _), (other, _) in zip(expected, delivered(made), strict=True))


@given(st.integers(-(2**63), 2**64), st.integers(0, 2**40), st.lists(st.integers(0, 2**50), min_size=1))
def test_keys_of_many_places_are_those_of_each(seed: int, epoch: int, places: list[int]) -> None:
    """The vectorised form and the one for a sample agree."""
    expected = [sample_key(seed, "augment", epoch, place) for place in places]
    assert expected == sample_keys(seed, "augment", epoch, np.array(places)).tolist()


@pytest.mark.parametrize(
    "chain",
    [
        "RandomCrop(20); Pad(2); ToTensor()",
        "ToTensor(); Normalize((0.5,), (0.5,)); Pad(2)",
        "Pad(2, fill=7); Pad(2); ToTensor()",
        "ToTensor(); Pad(2, fill=7)",
        'RandomCrop(28, padding=2, padding_mode="reflect"); ToTensor()',
        "RandomRotation(20, expand=true); CenterCrop(28); ToTensor()",
        "ToTensor(); RandomRotation(20, interpolation=bilinear)",
        "ToTensor(); Normalize((0.5,), (0.5,)); RandomAffine(8)",
        "ToTensor(); RandomAffine(8, fill=1)",
        "maybe 50% { RandomCrop(28, padding=2) }; ToTensor()",
        "ToDtype(float64, scale=true)",
    ],
)
def test_other_chains_run_sample_by_sample(root: Path, chain: str) -> None:
    """A chain with one step that has no form for whole batches gives what it gave."""
    made = compiled(root, "MNIST", chain, "sample { batch 4 }")
    assert not gathers(made)
    expected = delivered(compiled(root, "MNIST", chain, "sample { batch 4 }; optimize = off"), 1)
    assert all(same_bits(one, other) for (one, _), (other, _) in zip(expected, delivered(made, 1), strict=True))


def test_another_arithmetic_in_torchvision_is_noticed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first batch is held against torchvision's classes: where they differ, they are what runs."""
    drawn = draws.uniform
    monkeypatch.setattr(draws, "uniform", lambda output: 1 - drawn(output))
    assert not gathers(compiled(root, "MNIST", "RandomHorizontalFlip(); ToTensor()", "sample { batch 4 }"))
    monkeypatch.undo()
    monkeypatch.setattr(v2.RandomRotation, "make_params", lambda *_: {"angle": 5.0})
    assert not gathers(compiled(root, "MNIST", "RandomRotation(9); ToTensor()", "sample { batch 4 }"))
    monkeypatch.undo()
    monkeypatch.setattr(v2.Normalize, "transform", lambda _, image, __: (image - 0.5) * 2)
    assert not gathers(compiled(root, "MNIST", "ToTensor(); Normalize((0.5,), (0.4,))", "sample { batch 4 }"))


def test_another_default_dtype_runs_sample_by_sample(root: Path) -> None:
    """Torch then draws other numbers from the same generator."""
    torch.set_default_dtype(torch.float64)
    try:
        assert not gathers(compiled(root, "MNIST", "RandomRotation(9); ToTensor()", "sample { batch 4 }"))
    finally:
        torch.set_default_dtype(torch.float32)


def test_without_workers_is_what_auto_means(root: Path) -> None:
    """A worker takes longer to send a batch than gathering it takes."""
    assert 0 == compiled(root, "MNIST", "ToTensor()", "sample { batch 4 }; num_workers = auto").num_workers


def test_the_caller_keeps_the_number_of_threads(root: Path) -> None:
    """While the training loop has a batch, torch computes with as many threads as it was told."""
    made = compiled(root, "MNIST", "ToTensor()", "sample { batch 4 }")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert {2} == {torch.get_num_threads() for _ in made}
    finally:
        torch.set_num_threads(before)
