"""Counting promises in batches, and verifying whole plans: each check fails when its promise is broken."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from policies import AT, force, policy

import feedline
from feedline.compiler import ir
from feedline.runtime.guarantees import BatchCheck
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.sampling.populations import Classes
from feedline.runtime.sampling.promises import promises_of
from feedline.runtime.verify import engine
from feedline.runtime.verify.chance import plain_counts
from feedline.runtime.verify.report import Section

CLASSES = Classes(["x", "y", "z"], np.array([0, 20, 40, 60]), np.arange(60))
PEOPLE = Populations(60, {"a": np.arange(10), "b": np.arange(10, 30)}, classes=CLASSES)
TURNS = policy(8, force("a", 3))


def _mix(batch: int, a: int, b: int) -> ir.Policy:
    parts = ir.MixPart("a", a, span=AT), ir.MixPart("b", b, span=AT)
    return policy(batch, mix=ir.Mix(parts, span=AT), order="shuffled", epoch=("batches", "rest", 8))


def _draw(count: int, each: int) -> ir.Policy:
    return policy(count * each, draw=ir.Draw(count, "label", each, span=AT), order="shuffled")


def _staged(outer: ir.Policy, epoch: int, inner: ir.Policy) -> BatchPlan:
    people = evolve(PEOPLE, stages=(PEOPLE,))
    return BatchPlan(evolve(outer, stages=(ir.Stage(epoch, inner, span=AT),)), people)


# ---- one delivered batch

BATCHES = {
    "exactly": (TURNS, [0, 1, *range(10, 16)], "holds 2 of `a`, promised exactly 3 of 8"),
    "at least": (policy(4, force("a", 2, bound="at least")), [0, 10, 11, 12], "1 of `a`, promised at least 2 of 4"),
    "at most": (policy(4, force("a", 1, bound="at most")), [0, 1, 11, 12], "2 of `a`, promised at most 1 of 4"),
    "both": (
        policy(4, force("a", 1, bound="at least"), force("a", 2, bound="at most")),
        [0, 1, 2, 12],
        "3 of `a`, promised 1 or 2 of 4",
    ),
    "each": (policy(4, force("a", 1, each=True), force("b", 1, each=True)), [0, 1, 40, 10], "2 of `a`, promised"),
    "mix": (_mix(6, 3, 1), [0, 1, 2, 10, 11, 12], "3 of `a`, promised 4 or 5 of 6"),
    "draw": (_draw(2, 2), [0, 1, 2, 20], "0 values of `label` 2 times, promised 2 values with 2 each"),
    "distinct": (
        policy(4, distinct=True),
        [5, 6, 7, 5],
        "holds 3 different samples in 4 places, promised all different",
    ),
    "too long": (policy(2), [1, 2, 3], "holds 3 samples, promised at most 2"),
}


@pytest.mark.parametrize("name", BATCHES)
def test_broken_batch_is_said(name: str) -> None:
    """The batch, its epoch, what it holds and what was promised."""
    chosen, positions, words = BATCHES[name]
    said = BatchCheck(BatchPlan(chosen, PEOPLE)).broken(3, 1374, positions)
    assert said is not None
    assert said.startswith("batch 1,374 of epoch 3 holds ")
    assert words in said


@pytest.mark.parametrize("name", BATCHES)
def test_planned_batches_keep_their_promises(name: str) -> None:
    """Every batch of a plan is fine, a short last one too."""
    plan = BatchPlan(BATCHES[name][0], PEOPLE)
    check = BatchCheck(plan)
    rows = plan.batches(0, 0, plan.length(0))
    assert [None] * len(rows) == [check.broken(0, number, row[row >= 0]) for number, row in enumerate(rows)]


def test_short_last_batch_owes_its_group_in_full() -> None:
    """Three defects alone are a last batch; two are not."""
    check = BatchCheck(BatchPlan(TURNS, PEOPLE))
    assert [None, None] == [check.broken(0, 9, [0, 1, 2]), check.broken(0, 9, np.array([0, 1, 2, 11]))]
    assert check.broken(0, 9, [0, 1]) is not None


def test_stages_promise_by_epoch() -> None:
    """What a stage forces is owed from its epoch on, and what it leaves out no longer."""
    check = BatchCheck(_staged(TURNS, 10, policy(8, force("a", 1))))
    three, one = [0, 1, 2, *range(10, 15)], [0, *range(10, 17)]
    assert [True, False, False, True] == [
        check.broken(epoch, 0, batch) is None for epoch in (9, 10) for batch in (three, one)
    ]
    plan = _staged(TURNS, 10, policy(8, force("a", 1)))
    assert ["every batch before epoch 10", "every batch from epoch 10"] == [item.applies for item in plan.promises()]


def test_shares_of_a_batch_owe_what_they_must_hold() -> None:
    """With `per 8 across ranks` a rank's four places hold at most the three, and with seven forced at least three."""
    shared = evolve(TURNS, across_ranks=True)
    check = BatchCheck(BatchPlan(shared, PEOPLE), ranks=2)
    assert check.broken(0, 0, [10, 11, 12, 13]) is None
    assert check.broken(0, 0, [0, 1, 2, 3]) is not None
    (promise,) = promises_of(evolve(policy(8, force("a", 7)), across_ranks=True), ranks=2)
    assert (3, 4) == (promise.minimum, promise.maximum)


def test_verify_stops_at_a_broken_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify = true` counts what the loader yields, and the batch that breaks a promise is an error."""
    text = (
        "dataset d = FakeData(size=40, image_size=(3, 8, 8), num_classes=2)\ngroup a = d where label == 0\n"
        "loader train from d {\n  transform { ToImage() }\n  sample { force 3 a per 8; seed 1 }\n  verify = true\n}\n"
    )
    loader = feedline.compile(text)["train"]
    assert len(loader) == len([*loader])
    batches = BatchPlan.batches
    monkeypatch.setattr(BatchPlan, "batches", lambda *asked: batches(*asked)[:, :1].repeat(8, axis=1))
    with pytest.raises(feedline.LoadError, match="FL581") as error:
        next(iter(loader))
    assert "batch 0 of epoch 1 holds " in str(error.value)


# ---- whole plans

Change = Callable[[int, int, np.ndarray], None]


class Doctored(BatchPlan):
    """A plan whose batches `change` alters: it gets the epoch, a batch's number and its row."""

    change: Change = staticmethod(lambda epoch, number, row: None)

    def batches(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """The plan's batches, altered."""
        rows = super().batches(epoch, start, stop).copy()
        for number, row in enumerate(rows, start):
            self.change(epoch, number, row)
        return rows


def _put(batch: int, sample: int, place: int = 0) -> Change:
    """One sample in the place of another, in one batch of epoch 1."""

    def change(epoch: int, number: int, row: np.ndarray) -> None:
        if (epoch, number) == (1, batch):
            row[place] = sample

    return change


def _twice(epoch: int, number: int, row: np.ndarray) -> None:
    if (epoch, number) == (1, 2):
        row[1] = row[0]


def _verified(chosen: ir.Policy, people: Populations, change: Change | None = None, **options: Any) -> Section:
    plan = Doctored(chosen, people)
    if change is not None:
        object.__setattr__(plan, "change", change)
    (section,) = engine.verify_plan("train", plan, people.groups, **options)
    return section


VALUES = evolve(PEOPLE, values=np.arange(60.0))
FACTORS = evolve(PEOPLE, factors=np.full(60, 1.5))
BROKEN: dict[str, tuple[ir.Policy, Populations, Change]] = {
    "exactly 3 of 8 `a`": (evolve(TURNS, places="first"), PEOPLE, _put(4, 50)),
    "`a` in its own places": (evolve(TURNS, places="first"), PEOPLE, _put(4, 50)),
    "places shuffled, samples the same": (TURNS, PEOPLE, _put(4, 50)),
    "each of the rest once": (policy(8, order="shuffled"), PEOPLE, _put(4, 50)),
    "each of the rest at most once": (policy(8, order="shuffled", last="drop"), PEOPLE, _twice),
    "each of the rest at least once": (policy(6, order="shuffled", last="pad"), PEOPLE, _twice),
    "no sample twice": (policy(8, order="shuffled", distinct=True), PEOPLE, _twice),
    "in the order of the data": (policy(8), PEOPLE, _put(4, 50)),
    "8 samples, the last may be short": (policy(8), PEOPLE, _put(4, -1)),
    "at most 2 of 8 `a`": (
        policy(8, force("a", 2, bound="at most")), PEOPLE, lambda e, b, row: row.put([0, 1, 2], [1, 2, 3])
    ),
    "`a` spread evenly": (
        policy(8, force("a", 4, bound="at most")), PEOPLE, lambda e, b, row: row.put([0, 1, 2, 3], [1, 2, 3, 4])
    ),
    "no sample of two of `each`": (
        policy(8, force("a", 1, each=True), force("c", 1, each=True)),
        evolve(PEOPLE, groups={"a": np.arange(10), "c": np.arange(5, 15)}), _put(4, 7),
    ),
    "the rest used up before any repeats": (
        policy(8, order="shuffled", epoch=("batches", "rest", 12)), PEOPLE, _twice
    ),
    "none of weight 0 in the rest's places": (
        policy(8, weights=ir.Weights("column", "w", span=AT)), evolve(PEOPLE, weights=np.arange(60.0)), _put(4, 0)
    ),
    "repeated floor or ceil of its factor": (
        policy(8, repeat=ir.RepeatFactor(0.1, "f", span=AT), order="shuffled"), FACTORS,
        lambda e, b, row: row.fill(50) if b == 4 else None,
    ),
    "of one `v` bucket in 3": (
        policy(4, bucket=ir.Bucket("v", 3, span=AT), order="shuffled"), VALUES,
        lambda e, b, row: row.put([0, 1], [0, 59]) if (e, b) == (1, 4) else None,
    ),
    "4 or 5 of 6 `a`": (_mix(6, 3, 1), PEOPLE, lambda e, b, row: row.put(range(6), range(10, 16))),
    "mix exact": (_mix(6, 3, 1), PEOPLE, lambda e, b, row: row.put(range(6), [0, 1, 2, 3, 10, 11])),
    "each part used up before any repeats": (_mix(6, 3, 1), PEOPLE, _twice),
    "only samples of its parts": (_mix(6, 3, 1), PEOPLE, _put(1, 50)),
    "2 values with 2 each `label`": (_draw(2, 2), PEOPLE, lambda e, b, row: row.put(range(4), [0, 1, 2, 40])),
    "each `label` once before any again": (_draw(2, 2), PEOPLE, lambda e, b, row: row.put(range(4), [0, 1, 20, 21])),
    "a value's samples in turns": (_draw(2, 2), PEOPLE, _twice),
    "only values with enough samples": (
        _draw(1, 2),
        evolve(PEOPLE, classes=Classes(["x", "y"], np.array([0, 59, 60]), np.arange(60))), _put(4, 59),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_the_check_of_a_promise_finds_it_broken(name: str) -> None:
    """One sample in another's place breaks the promise's row, and without that the row says yes."""
    chosen, people, change = BROKEN[name]
    good = {row.promise: row for row in _verified(chosen, people).rows}
    bad = {row.promise: row for row in _verified(chosen, people, change).rows}
    assert good[name].kept
    assert good[name].checked
    assert bad[name].first is not None


@pytest.mark.parametrize("bound", ["exactly", "at least"])
def test_turns_of_a_forced_group(bound: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of the group that comes again before its turn, in places told apart with the forced ones in front."""
    chosen, name = policy(8, force("a", 3, bound=bound)), "`a` used up before any repeats"
    monkeypatch.setattr(Doctored, "change", staticmethod(lambda epoch, number, row: row.put(range(3), [0, 1, 2])))
    monkeypatch.setattr(engine, "BatchPlan", Doctored)
    (section,) = engine.verify_plan("train", Doctored(evolve(chosen, places="first"), PEOPLE), PEOPLE.groups)
    row = {row.promise: row for row in section.rows}[name]
    assert row.first is not None
    assert (0, 1) == (row.first.epoch, row.first.batch)


def test_first_broken_batch_is_named() -> None:
    """Epoch, batch, and how many of how many."""
    rows = {row.promise: row for row in _verified(evolve(TURNS, places="first"), PEOPLE, _put(4, 50)).rows}
    row = rows["exactly 3 of 8 `a`"]
    assert row.first is not None
    assert (1, 4, 1, 30) == (row.first.epoch, row.first.batch, row.broken, row.checked)
    assert "batch 4 of epoch 1 holds 2 of `a`, promised exactly 3 of 8" == row.first.text


def test_batches_that_depend_on_what_was_asked() -> None:
    """A plan that has a history is found out by asking for some batches alone."""
    plan = BatchPlan(policy(8, order="shuffled"), PEOPLE)

    class Remembers(BatchPlan):
        def batches(self, epoch: int, start: int, stop: int) -> np.ndarray:
            """Turned round unless the whole epoch is asked for."""
            rows = super().batches(epoch, start, stop)
            return rows if stop - start == self.length(epoch) else rows[:, ::-1]

    (section,) = engine.verify_plan("train", Remembers(plan.policy, PEOPLE), {})
    broken = {row.promise for row in section.rows if not row.kept}
    assert "the same batches asked for alone" in broken


def test_epochs_alike() -> None:
    """An order that is the same in every epoch is no shuffle."""

    class Frozen(BatchPlan):
        def batches(self, epoch: int, start: int, stop: int) -> np.ndarray:
            """Those of epoch 0."""
            return super().batches(0, start, stop)

    (section,) = engine.verify_plan("train", Frozen(policy(8, order="shuffled"), PEOPLE), {})
    assert ["another epoch or seed, another order"] == [row.promise for row in section.rows if not row.kept]


def test_length_that_is_announced_wrongly() -> None:
    """An epoch shorter than its samples."""

    class Short(BatchPlan):
        def length(self, epoch: int = 0) -> int:
            """One batch too few."""
            return super().length(epoch) - 1

    (section,) = engine.verify_plan("train", Short(policy(8), PEOPLE), {})
    assert "as many batches as `len(loader)`" in {row.promise for row in section.rows if not row.kept}


def test_ranks_that_get_the_wrong_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampler that gives two ranks the same batches is found, on resuming too."""
    from feedline.runtime import sampler

    run = sampler.Run.batches
    monkeypatch.setattr(sampler.Run, "batches", lambda self: run(evolve(self, rank=0)))
    (section,) = engine.verify_plan("train", BatchPlan(policy(5, order="shuffled"), PEOPLE), {}, ranks=(2,))
    broken = {row.promise for row in section.rows if not row.kept}
    assert {"2 ranks take turns, equal counts", "a resumed run goes on exactly"} == broken


@pytest.mark.parametrize("uneven", ["drop", "pad"])
@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("last", ["keep", "drop", "pad"])
def test_ranks_and_resuming(uneven: Any, across: bool, last: Any) -> None:
    """All kinds of sharing come out right, on numbers of ranks that divide and that do not."""
    chosen = policy(6, order="shuffled", uneven=uneven, last=last, across_ranks=across)
    section = _verified(chosen, PEOPLE, ranks=(1, 2, 3, 5))
    assert [] == [row for row in section.rows if not row.kept]
    assert across == any("cannot be shared" in row.promise for row in section.rows)


@pytest.mark.parametrize(
    ("size", "batch", "options", "expected"),
    [
        (60, 4, {}, "4 ranks take turns, equal counts, but for the last 3 batches"),
        (52, 4, {}, "4 ranks take turns, equal counts, but for the last batch"),
        (60, 4, {"uneven": "pad"}, "4 ranks take turns, equal counts"),
        (9, 4, {}, "4 ranks get nothing: 3 batches an epoch"),
        (58, 8, {"across_ranks": True}, "4 ranks share every batch but the last, of 2"),
        (60, 8, {"across_ranks": True}, "4 ranks share every batch"),
        (2, 4, {"across_ranks": True}, "4 ranks get nothing: 1 batch an epoch"),
    ],
)
def test_what_ranks_do_not_get_is_named(size: int, batch: int, options: Any, expected: str) -> None:
    """The row of a number of ranks says which batches of an epoch come to none."""
    section = _verified(policy(batch, order="shuffled", **options), Populations(size), ranks=(1, 4))
    assert [expected] == [row.promise for row in section.rows if row.promise.startswith("4 ranks")]
    assert all(row.kept for row in section.rows)


# ---- distribution


def test_plain_shuffling_is_hypergeometric() -> None:
    """14 of 480 in batches of 8: the shares by hand, adding up to one."""
    shares = plain_counts(480, 14, 8)
    none = np.prod([(466 - at) / (480 - at) for at in range(8)])
    assert np.isclose(none, shares[0])
    assert np.isclose(1.0, shares.sum())
    assert np.isclose(8 * 14 / 480, (shares * np.arange(9)).sum())


def test_distribution_of_a_forced_group() -> None:
    """Ten samples in 30 places an epoch come three times each, in every batch."""
    group = _verified(TURNS, PEOPLE).groups[0]
    assert group.expected is not None
    assert np.isclose(3.0, group.expected)
    found = (group.group, group.samples, group.seen, group.without, group.times, group.never)
    assert ("a", 10, 3.0, 0.0, (3, 3.0, 3), 0) == found


def test_samples_that_never_come() -> None:
    """An epoch that is cut leaves some out, and the median is of all."""
    section = _verified(policy(5, epoch=("batches", "rest", 4)), PEOPLE)
    by_name = {group.group: group for group in section.groups}
    assert [0, 10, 40] == [by_name[name].never for name in ("a", "b", "all samples")]
    assert (0, 0.0, 1) == by_name["all samples"].times
    assert (120, 60) == section.times


def test_stages_are_sections_of_their_own() -> None:
    """Each policy over its own first epochs."""
    sections = engine.verify_plan("train", _staged(TURNS, 2, policy(8, force("a", 1))), PEOPLE.groups)
    assert [("", (0, 1)), ("from epoch 2", (2, 3, 4))] == [(item.stage, item.epochs) for item in sections]
    assert [3.0, 1.0] == [item.groups[0].seen for item in sections]
