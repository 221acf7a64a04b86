"""The sampling guarantees of the language, on the batches that real loaders deliver."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import torch
from attrs import frozen
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import feedline
from feedline.compiler import registry

NAMES = "abc"
EPOCHS = 2
untimed = settings(deadline=None)


@frozen
class Case:
    """A policy as the user writes it, and the data: the group of each sample (-1 for none) and its weight."""

    owners: list[int]
    weights: list[float]
    forces: list[tuple[str, int, bool, bool]]
    """Group, count, at least, with replacement."""
    batch: int
    weighted: bool
    epoch: str
    last: str
    distinct: bool
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The `.pipe` file."""
        policy = [
            f"force {'at least ' * loose}{count} {name} per {self.batch} {'with' if again else 'without'} replacement"
            for name, count, loose, again in self.forces
        ] or [f"batch {self.batch}"]
        policy += [*self.lines, f"epoch {self.epoch}", f"last {self.last}"] + ["distinct"] * self.distinct
        groups = "\n".join(f"group {name} = d where owner == {number}" for number, (name, *_) in enumerate(self.forces))
        return f"dataset d = TestOwners()\n{groups}\nloader train from d {{ sample {{ {'; '.join(policy)} }} }}\n"

    def members(self, name: str) -> set[int]:
        """The samples of a group."""
        return set(np.flatnonzero(np.array(self.owners) == NAMES.index(name)).tolist())


class Owners:
    """Samples that say which they are."""

    def __init__(self, case: Case):
        self.columns = {"owner": np.array(case.owners), "weight": np.array(case.weights)}

    def __len__(self) -> int:
        return len(self.columns["owner"])

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"features": torch.tensor(index)}


@st.composite
def cases(draw: st.DrawFn, exact: bool = False, one_pass: bool = False) -> Case:
    """Any policy, mostly possible, over few samples: every group is as large as its count, and the rest not empty."""
    flag = st.booleans()
    forces = [
        (name, draw(st.integers(1, 3)), not exact and draw(flag), draw(flag))
        for name in NAMES[: draw(st.integers(0, 3))]
    ]
    owners = [number for number, (_, count, *_) in enumerate(forces) for _ in range(count)] + [-1]
    owners += draw(st.lists(st.integers(-1, len(forces) - 1), max_size=30))
    weighted = not forces and not one_pass and draw(flag)
    lengths = ["one pass over rest", f"{draw(st.integers(1, 9))} batches", f"{draw(st.integers(1, 50))} samples"]
    lengths += [f"one pass over {name}" for name, *_ in forces]
    lines = (
        "weight by weight" if weighted else draw(st.sampled_from(["order shuffled", "order sequential"])),
        draw(st.sampled_from(["places shuffled", f"seed {draw(st.integers(0, 99))}"])),
    )
    return Case(
        owners,
        draw(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=len(owners), max_size=len(owners))),
        forces,
        sum(count for _, count, *_ in forces) + draw(st.integers(1, 5)),
        weighted,
        lengths[0] if one_pass else draw(st.sampled_from(lengths)),
        draw(st.sampled_from(["keep", "drop", "pad"])),
        draw(flag),
        lines,
    )


def loader_of(case: Case) -> feedline.Loader:
    """The loader; a case that is refused is none."""
    feedline.dataset("TestOwners")(lambda: Owners(case))
    try:
        return feedline.compile(case.text).train
    except feedline.CompileError:
        assume(False)
        raise
    finally:
        registry.unregister("dataset", "TestOwners")


def epoch_of(loader: feedline.Loader) -> list[list[int]]:
    """The samples of each batch of the next epoch, which `current` must name and `len` must count."""
    announced, batches = len(loader), []
    for batch in loader:
        assert loader.current is not None
        assert tuple(batch.tolist()) == loader.current.positions
        batches.append(batch.tolist())
    assert announced == len(batches) > 0
    return batches


@untimed
@given(cases())
def test_every_batch_keeps_the_policy(case: Case) -> None:
    """Forced counts, sizes, `distinct`, weights: whatever loader compiles, in every batch of every epoch."""
    loader = loader_of(case)
    for epoch in range(EPOCHS):
        batches = epoch_of(loader)
        assert loader.current is not None and epoch == loader.current.epoch
        for number, batch in enumerate(batches):
            short = case.batch - len(batch)
            assert short == 0 or (short > 0 and case.last == "keep" and number == len(batches) - 1)
            for name, count, loose, again in case.forces:
                found = [index for index in batch if index in case.members(name)]
                assert count <= len(found) if loose else count == len(found)
                assert again or loose or count == len(set(found))
            assert not case.distinct or len(batch) == len(set(batch))
            assert not case.weighted or all(case.weights[index] > 0 for index in batch)


@untimed
@given(cases(exact=True))
def test_groups_without_replacement_are_used_up_before_they_repeat(case: Case) -> None:
    """At no time has one sample of the group come two times more than another."""
    exact = [name for name, _, _, again in case.forces if not again]
    seen: Counter[int] = Counter()
    for batch in epoch_of(loader_of(case)):
        seen.update(batch)
        for name in exact:
            counts = [seen[index] for index in case.members(name)]
            assert max(counts) - min(counts) <= 1


@untimed
@given(cases(exact=True, one_pass=True))
def test_one_pass_over_the_rest(case: Case) -> None:
    """floor or ceil of |R| / r batches; none of R twice, and with `keep` or `pad` every one."""
    rest = set(range(len(case.owners))).difference(*(case.members(name) for name, *_ in case.forces))
    places = case.batch - sum(count for _, count, _, _ in case.forces)
    batches = epoch_of(loader_of(case))
    assert (len(rest) // places if case.last == "drop" else -(-len(rest) // places)) == len(batches)
    seen = Counter(index for batch in batches for index in batch if index in rest)
    assert case.last == "drop" or rest == set(seen)
    once = batches[:-1] if case.last == "pad" else batches
    assert 1 >= max(Counter(index for batch in once for index in batch if index in rest).values(), default=0)


@untimed
@given(cases(), st.integers(1, 4))
def test_ranks_take_turns(case: Case, world: int) -> None:
    """Rank j of W gets batches j, j + W, ...: all the same number, none twice, together the epoch but for its end."""
    whole, ranks = epoch_of(loader_of(case)), []
    for rank in range(world if len(whole) >= world else 0):
        loader: Any = loader_of(case)
        loader.sampler.ranks = (rank, world)
        ranks.append(epoch_of(loader))
    together = [batch for turn in zip(*ranks, strict=True) for batch in turn]
    assert whole[: len(whole) // world * world] == together
