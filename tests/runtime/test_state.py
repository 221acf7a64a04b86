"""Saved states: what they say, what goes on from them, what is refused and why. And weights set while training."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import feedline
from feedline.compiler import registry

RANDOM = "transform { RandomCrop(6); RandomHorizontalFlip() }"
FORCE = "force 2 a per 8 without replacement; seed 3"


class Pictures:
    """Small pictures of noise with a label and a score each."""

    def __init__(self, size: int = 60, shift: int = 0):
        numbers = np.arange(size)
        self.columns = {"kind": numbers % 5 + shift * (numbers == 2), "score": 1.0 + numbers % 3}

    def __len__(self) -> int:
        return len(self.columns["kind"])

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        pixels = np.random.Generator(np.random.Philox(key=index)).integers(0, 256, (3, 8, 8), np.uint8)
        return {"image": torch.from_numpy(pixels)}


def loader(sample: str = FORCE, options: str = RANDOM, data: Pictures | None = None, **given: Any) -> feedline.Loader:
    """A loader of pictures, twelve of them in group `a`."""
    feedline.dataset("TestPictures")(lambda: data or Pictures())
    text = "dataset d = TestPictures()\ngroup a = d where kind == 2\n"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return feedline.compile(
                f"{text}loader train from d {{ sample {{ {sample} }}; {options} }}\n", **given
            ).train
    finally:
        registry.unregister("dataset", "TestPictures")


def take(made: feedline.Loader, count: int) -> list[Any]:
    """The first batches of the next iteration, which is then left."""
    found = []
    for batch in made:
        found.append(batch)
        if len(found) == count:
            break
    return found


def place(state: dict[str, Any]) -> tuple[int, int]:
    """Epoch and batch."""
    return state["epoch"], state["batch"]


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether batches of pixels are equal to the bit."""
    return len(one) == len(other) and all(torch.equal(left, right) for left, right in zip(one, other, strict=True))


def refusal(made: feedline.Loader, state: Any) -> Any:
    """The diagnostic of a state that is refused; the loader stays where it was."""
    before = made.state_dict()
    with pytest.raises(feedline.LoadError) as caught:
        made.load_state_dict(state)
    assert before == made.state_dict()
    (found,) = caught.value.diagnostics
    return found


# ---- where a run stands


@pytest.mark.parametrize("options", [RANDOM, f"{RANDOM}; num_workers = 2; persistent_workers = true"])
def test_what_counts_is_what_was_handed_over(options: str) -> None:
    """Whatever workers have prefetched; a complete epoch is the beginning of the next."""
    made = loader(options=options)
    assert (0, 0) == place(made.state_dict())
    seen = [place(made.state_dict()) for _ in made]
    assert [*((0, number) for number in range(1, 8)), (1, 0)] == seen


def test_a_left_epoch_goes_on_or_the_next_begins() -> None:
    """After `break` the state stands in that epoch, until the loader is iterated again, which begins the next one."""
    made = loader()
    whole = list(loader())
    take(made, 3)
    state = made.state_dict()
    assert ((0, 3), 1) == (place(state), made.epoch)
    iterator = iter(made)
    assert (1, 0) == place(made.state_dict())
    made.load_state_dict(state)
    next(iterator)  # from before the state was loaded: it counts no longer
    assert ((0, 3), 0) == (place(made.state_dict()), made.epoch)
    assert same(whole[3:], list(made))
    assert (1, 0) == place(made.state_dict())


def test_the_epochs_after_a_resumed_one_are_whole() -> None:
    """And `len` counts the whole epoch all along, for progress bars."""
    once, again = loader(), loader()
    epochs = [list(once) for _ in range(3)]
    again.load_state_dict({**again.state_dict(), "epoch": 1, "batch": 5})
    assert 8 == len(again)
    assert same(epochs[1][5:], list(again))
    assert same(epochs[2], list(again))


@pytest.mark.parametrize(("epoch", "expected"), [(1, (1, 5)), (2, (2, 0))])
def test_set_epoch_after_a_state_was_loaded(epoch: int, expected: tuple[int, int]) -> None:
    """The same epoch keeps the loaded start, so that a loop may say `set_epoch` each time; another starts at 0."""
    made = loader()
    made.load_state_dict({**made.state_dict(), "epoch": 1, "batch": 5})
    made.set_epoch(epoch)
    assert expected == place(made.state_dict())
    take(made, 1)
    assert made.current is not None
    assert expected == (made.current.epoch, made.current.number)


def test_set_epoch_in_the_middle_of_that_epoch_loses_nothing() -> None:
    """A framework may call it after it has asked for the iterator."""
    made = loader()
    made.load_state_dict({**made.state_dict(), "epoch": 1, "batch": 5})
    iterator = iter(made)
    made.sampler.set_epoch(1)  # pyright: ignore[reportAttributeAccessIssue]  (a PlanSampler)
    assert (1, 5) == place(made.state_dict())
    next(iterator)
    assert (1, 6) == place(made.state_dict())


def test_of_two_iterators_the_one_used_last_counts() -> None:
    """Each stands in its own epoch."""
    made = loader()
    first, second = iter(made), iter(made)
    for iterator, expected in ((first, (0, 1)), (second, (1, 1)), (first, (0, 2))):
        next(iterator)
        assert expected == place(made.state_dict())


def test_another_number_of_ranks_goes_on() -> None:
    """Two ranks have had three batches each, so the next is number 6; then three ranks share what is left."""
    pair = [loader(rank=rank, world_size=2) for rank in range(2)]
    for made in pair:
        take(made, 3)
    states = [made.state_dict() for made in pair]
    assert states[0] == states[1]
    assert (0, 6) == place(states[0])
    alone = loader()
    alone.load_state_dict(states[0])
    assert same(list(loader())[6:], list(alone))
    three = loader(rank=1, world_size=3)
    three.load_state_dict(states[0])
    assert [] == list(three)  # two batches are left for three ranks
    assert (1, 0) == place(three.state_dict())


def test_ranks_that_share_batches_count_the_shared_ones() -> None:
    """And augment each sample as one rank alone would."""
    whole = list(loader("batch 8 across ranks; order shuffled"))
    pair = [loader("batch 8 across ranks; order shuffled", rank=rank, world_size=2) for rank in range(2)]
    for made in pair:
        take(made, 2)
        made.load_state_dict(made.state_dict())
    assert (0, 2) == place(pair[0].state_dict())
    for number, (left, right) in enumerate(zip(*pair, strict=True), 2):
        assert torch.equal(whole[number][0::2], left)
        assert torch.equal(whole[number][1::2], right)


def test_len_is_that_of_the_epoch_under_way() -> None:
    """With stages of other lengths; between epochs it is the next one's."""
    made = loader("batch 8; epoch 3 batches; from epoch 1 { epoch 5 batches }")
    assert 3 == len(made)
    assert [3, 3, 3] == [len(made) for _ in made]
    assert 5 == len(made)
    made.load_state_dict({**made.state_dict(), "epoch": 0, "batch": 2})
    assert 1 == sum(len(made) == 3 for _ in made)


def test_a_state_is_small_and_survives_every_way_of_saving_it() -> None:
    """JSON and `torch.load(weights_only=True)`; what a framework adds to it does no harm."""
    made = loader("batch 8; weight by score; seed 3")
    made.sampler.set_weights(np.arange(60))  # pyright: ignore[reportAttributeAccessIssue]  (a PlanSampler)
    take(made, 2)
    state = made.state_dict()
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    for loaded in (json.loads(json.dumps(state)), torch.load(file, weights_only=True)):
        assert state == loaded
        again = loader("batch 8; weight by score; seed 3")
        again.load_state_dict({**loaded, "_iterator_finished": False})
        assert state == again.state_dict()
    assert len(json.dumps(loader().state_dict())) < 2000
    state["plan"]["policy"].clear()
    assert [] != made.state_dict()["plan"]["policy"]


# ---- what is refused


@pytest.mark.parametrize(
    ("sample", "options", "said"),
    [
        ("force 2 a per 16 without replacement; seed 3", RANDOM, "saved with `batch 8`, this loader has `batch 16`"),
        ("force 2 a per 8 without replacement; seed 4", RANDOM, "the seed differs: saved with `seed 3`"),
        (f"{FORCE}; distinct", RANDOM, "saved without it, this loader has `distinct`"),
        (FORCE, "transform { RandomCrop(7); RandomHorizontalFlip() }", "step 1, `RandomCrop`, was saved with other"),
        (FORCE, "transform { RandomCrop(6); RandomVerticalFlip() }", "step 2 was saved as `RandomHorizontalFlip`"),
        (FORCE, "transform { RandomCrop(6) }", "saved with 2 steps, this loader has 1"),
        (FORCE, f"{RANDOM}; collate list", "the collation differs"),
        (FORCE, f"{RANDOM}; on error replace max 5%", "saved with `fail`, this loader has `replace max 5%`"),
    ],
)
def test_a_state_of_another_plan_is_refused_by_what_differs(sample: str, options: str, said: str) -> None:
    """FL561, at the policy."""
    found = refusal(loader(sample, options), loader().state_dict())
    assert ("FL561", 3) == (found.code, found.line)
    assert said in found.message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (Pictures(70), "the number of samples differs: saved with 60, this loader has 70"),
        (Pictures(shift=5), "group `a` differs: saved with 12 samples, this loader has 11"),
    ],
)
def test_a_state_of_other_data_is_refused_by_what_differs(data: Pictures, said: str) -> None:
    """FL562; what follows from it is a note or is left out."""
    found = refusal(loader(data=data), loader().state_dict())
    assert "FL562" == found.code
    assert said in "\n".join((found.message, *found.notes))


def test_other_contents_are_refused_by_their_column() -> None:
    """Although the policy does not look at them."""
    found = refusal(loader("batch 8", data=Pictures(shift=9)), loader("batch 8").state_dict())
    assert ("FL562", "the contents of the data differ: `kind`") == (found.code, found.message)


def test_another_part_of_the_same_data_is_refused(image_folder: Callable[..., Any]) -> None:
    """As many samples, chosen by another seed; where the data lies does not matter."""
    text = """
param root: path
param seed: int
dataset photos = ImageFolder(root)
split photos into train 50%, val 50% seed seed
loader train from photos.train { transform { ToTensor() }; sample { batch 4 } }
"""
    root, elsewhere = (image_folder({"ants": 8, "bees": 8}, root=name) for name in ("here", "there"))
    state = feedline.compile(text, root=str(root), seed=1).train.state_dict()
    feedline.compile(text, root=str(elsewhere), seed=1).train.load_state_dict(state)
    found = refusal(feedline.compile(text, root=str(root), seed=2).train, state)
    assert "the part of the data differs" in found.message


def test_what_does_not_change_batches_does_not_matter() -> None:
    """Workers, prefetching, `verify`, `optimize`, how the file is laid out."""
    state = loader().state_dict()
    options = "num_workers = 1; prefetch_factor = 3; optimize = off; verify = true"
    loader(f"\n  {FORCE}  # a note\n", f"{RANDOM}; {options}").load_state_dict(state)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"version": 2}, "FL564", "version 2, this feedline reads up to 1"),
        ({"epoch": -1}, "FL563", "its `epoch` is -1"),
        ({"batch": "5"}, "FL563", "its `batch` is '5'"),
        ({"batch": 8}, "FL563", "batch 8 of epoch 0, which has 8 batches"),
        ({"plan": None}, "FL563", "its `plan`"),
        ({"plan": {"policy": 3}}, "FL563", "its `plan`"),
        ({"data": []}, "FL563", "its `data`"),
        ({"weights": 5}, "FL563", "its `weights`"),
        ({"weights": {"now": {"float64": "AAAA", "hash": ""}}}, "FL563", "its weights are damaged"),
    ],
)
def test_what_is_no_state_is_refused(change: dict[str, Any], code: str, said: str) -> None:
    """Also without `strict`, and nothing is changed."""
    made = loader("batch 8; weight by score")
    state = {**made.state_dict(), **change}
    found = refusal(made, state)
    assert code == found.code
    assert said in found.message
    if "batch" not in change or change["batch"] != 8:
        with pytest.raises(feedline.LoadError):
            made.load_state_dict(state, strict=False)


@pytest.mark.parametrize("state", [None, 3, [], {}, {"epoch": 1}])
def test_anything_else_is_refused(state: Any) -> None:
    """In words."""
    assert "FL563" == refusal(loader(), state).code


def test_without_strict_the_differences_are_warned_of() -> None:
    """One warning each; the run goes on at the same place, within what there is."""
    state = {**loader().state_dict(), "epoch": 2, "batch": 6}
    made = loader("force 2 a per 16 without replacement; seed 4", data=Pictures(70))
    with pytest.warns(UserWarning, match="goes on from a state although") as found:
        made.load_state_dict(state, strict=False)
    assert 4 == len(found)
    assert (3, 0) == place(made.state_dict())
    other = loader("force 2 a per 8 without replacement; seed 4")
    with pytest.warns(UserWarning, match="seed"):
        other.load_state_dict(state, strict=False)
    assert (2, 6) == place(other.state_dict())


# ---- weights


def indices(made: feedline.Loader) -> list[tuple[int, ...]]:
    """The positions of each batch of the next iteration."""
    return [made.current.positions for _ in made if made.current is not None]


@pytest.mark.parametrize("options", [RANDOM, f"{RANDOM}; num_workers = 2; persistent_workers = true"])
def test_weights_take_effect_at_the_next_epoch(options: str) -> None:
    """Also with workers that stay; the epoch under way goes on as it began."""
    made: Any = loader("batch 8; weight by { rest 1 }; seed 3", options)
    plain = indices(loader("batch 8; weight by { rest 1 }; seed 3"))
    seen = []
    for _ in made:
        made.sampler.set_weights([1.0 if index < 3 else 0.0 for index in range(60)])
        seen.append(made.current.positions)
    assert plain == seen
    assert {0, 1, 2} == {position for batch in indices(made) for position in batch}


def test_weights_go_with_the_state() -> None:
    """Those of the epoch under way and those that wait for the next."""
    made: Any = loader("batch 8; weight by score; seed 3")
    made.batch_sampler.set_weights(torch.arange(60))
    iterator = iter(made)
    next(iterator)
    made.batch_sampler.set_weights([float(index == 7) for index in range(60)])
    state = json.loads(json.dumps(made.state_dict()))
    again: Any = loader("batch 8; weight by score; seed 3")
    again.load_state_dict(state)
    rest = [made.current.positions for _ in iterator]
    assert rest == indices(again)
    assert {7} == {position for batch in indices(again) for position in batch}
    made.set_epoch(2)
    assert indices(made) == indices(again)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.int32, torch.bool])
def test_weights_of_any_real_tensor(kind: torch.dtype) -> None:
    """Without a warning, also where numpy has no such type."""
    made: Any = loader("batch 8; weight by score")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.sampler.set_weights(torch.eye(60, dtype=torch.float32)[7].to(kind))
    assert {7} == {position for batch in indices(made) for position in batch}


@pytest.mark.parametrize("change", [{"loader": 3}, {"weights": {}}, {"weights": {"now": "", "next": None}}])
def test_a_part_of_another_type_is_damaged(change: dict[str, Any]) -> None:
    """Nothing of it is guessed."""
    made = loader()
    assert "FL563" == refusal(made, made.state_dict() | change).code


def test_groups_of_another_type_are_damaged() -> None:
    """In a loader without groups, too."""
    made = loader("batch 8")
    state = made.state_dict()
    state["data"]["groups"] = []
    assert "FL563" == refusal(made, state).code


@pytest.mark.parametrize("epoch", [1.5, "3", None])
def test_an_epoch_is_a_whole_number(epoch: Any) -> None:
    """The error names the method."""
    with pytest.raises(TypeError, match="set_epoch"):
        loader().set_epoch(epoch)


def test_weights_reach_every_stage_that_has_some() -> None:
    """The base policy here has none."""
    made: Any = loader("batch 8; epoch 2 batches; from epoch 1 { balance by kind }")
    made.sampler.set_weights([float(index == 7) for index in range(60)])
    first, second = indices(made), indices(made)
    assert {7} != {position for batch in first for position in batch}
    assert {7} == {position for batch in second for position in batch}


@pytest.mark.parametrize(
    ("sample", "weights", "code", "said"),
    [
        ("batch 8", [1.0] * 60, "FL566", "needs a policy that draws by weight"),
        ("batch 8; weight by score", [1.0, 2.0], "FL565", "given 2 weights for 60 samples"),
        ("batch 8; weight by score", np.ones((60, 1)), "FL565", "weights of shape (60, 1) for 60 samples"),
        ("batch 8; weight by score", ["a"] * 60, "FL565", "no real numbers"),
        ("batch 8; weight by score", [-1.0, np.nan, *[1.0] * 58], "FL565", "2 of 60 weights are below zero or not"),
        ("batch 8; weight by score", [0.0] * 60, "FL565", "none of 60 samples has a weight above zero"),
        ("batch 8; weight by score; distinct", [1.0] * 7 + [0.0] * 53, "FL565", "only 7 of 60 samples have"),
        ("batch 8; weight by score", torch.ones(60) * 1j, "FL565", "complex"),
    ],
)
def test_weights_that_cannot_be_are_refused(sample: str, weights: Any, code: str, said: str) -> None:
    """In words with the numbers, and nothing changes."""
    made: Any = loader(sample)
    before = made.state_dict()
    with pytest.raises(feedline.LoadError) as caught:
        made.sampler.set_weights(weights)
    (found,) = caught.value.diagnostics
    assert code == found.code
    assert said in found.message
    assert before == made.state_dict()


def test_a_broken_promise_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify = true` counts what was delivered; here the check is made to find something."""
    from feedline.runtime import guarantees

    made = loader(options=f"{RANDOM}; verify = true")
    assert 8 == len(list(made))
    monkeypatch.setattr(guarantees.BatchCheck, "broken", lambda self, epoch, number, positions: f"batch {number} lacks")
    with pytest.raises(feedline.LoadError) as caught:
        list(made)
    (found,) = caught.value.diagnostics
    assert ("FL581", "batch 0 lacks") == (found.code, found.message)
