"""What opened data adds to `explain`, and that its words promise what the runtime promises."""

from __future__ import annotations

import pytest

import feedline
from feedline.compiler.explain import explain
from feedline.runtime.measure import counts_of
from feedline.runtime.sampling.promises import promises_of

pytestmark = pytest.mark.filterwarnings("ignore::feedline.FeedlineWarning")

DATA = """\
dataset real = FakeData(size=60, image_size=(3, 8, 8), num_classes=4)
dataset made = FakeData(size=40, image_size=(3, 8, 8), num_classes=4)
dataset all = real + made
group rare = all where index < 12
group easy = all where index > 60
split all into 4 folds seed 0
"""

POLICIES = [
    "force 2 rare per 8", "force at least 1 rare per 8; last drop", "force at most 5 easy per 8",
    "force at least 1 rare per 8; force at most 3 rare per 8", "mix real 3, made 1 per 8", "mix rare 1, easy 2 per 4",
    "force 1 rare per 8; force 2 easy per 8",
]  # fmt: skip


def _pipeline(statements: str, data: str = "all") -> feedline.Pipeline:
    return feedline.compile(f"{DATA}loader a from {data} {{ sample {{ {statements} }} }}\n")


def test_counts() -> None:
    """Samples of datasets and parts, groups in each, and the batches of every stage's first epoch."""
    counts = counts_of(_pipeline("force 2 rare per 8; from epoch 3 { batch 8; last drop }"))
    assert {"real": 60, "made": 40, "all": 100, "all.train[0]": 75, "all.val[3]": 25}.items() <= counts.samples.items()
    assert 12 == counts.groups["rare"]["all"] == sum(counts.groups["rare"][f"all.val[{fold}]"] for fold in range(4))
    loader = counts.loaders["a"]
    assert (100, (15, 12), (88, 100)) == (loader.samples, loader.lengths, loader.rests)


def test_workers_are_those_of_the_loader() -> None:
    """As many as `auto` has become."""
    pipeline = feedline.compile(f"{DATA}loader a from all {{ sample {{ batch 8 }}; num_workers = auto }}\n")
    found = explain(pipeline.program, counts=counts_of(pipeline)).loaders[0].workers
    assert (pipeline["a"].num_workers, "process", True) == (found.count, found.kind, found.auto)


@pytest.mark.parametrize("statements", POLICIES)
def test_words_promise_what_the_runtime_promises(statements: str) -> None:
    """Each bound that is counted in delivered batches stands in the first line."""
    pipeline = _pipeline(statements)
    policy = pipeline.program.loaders[0].policy
    (shown,) = explain(pipeline.program, counts=counts_of(pipeline)).loaders[0].policies
    for promise in promises_of(policy):
        assert f"{promise.text.removesuffix(f' of {policy.batch}')} of `{promise.group}`" in shown.lines[0].text


@pytest.mark.parametrize("statements", ["batch 8", "batch 8; last drop", "batch 8; rest with replacement", *POLICIES])
def test_length_is_that_of_the_loader(statements: str) -> None:
    """What is said of an epoch is what `len` says and what comes."""
    pipeline = _pipeline(statements)
    (shown,) = explain(pipeline.program, counts=counts_of(pipeline)).loaders[0].policies
    length = len(pipeline["a"])
    assert length == shown.batches == sum(1 for _ in pipeline["a"])
    epoch = next(line.text for line in shown.lines if line.topic == "epoch")
    assert epoch.startswith(f"{length} batch")


@pytest.mark.parametrize("statements", ["batch 7; epoch 50 samples", "batch 7; epoch 50 samples; last drop"])
def test_length_in_samples_needs_no_data(statements: str) -> None:
    """It is worked out from the text alone, and right."""
    pipeline = _pipeline(statements)
    (shown,) = explain(pipeline.program).loaders[0].policies
    assert f"{len(pipeline['a'])} batches: 50 places" in [line.text for line in shown.lines]


def test_always_full_is_true() -> None:
    """Where the page says so, the last batch has all its samples."""
    for statements in (
        "batch 8; epoch 4 batches",
        "force 3 rare per 8; epoch one pass over rare",
        "mix real 3, made 1 per 8",
    ):
        pipeline = _pipeline(statements)
        (shown,) = explain(pipeline.program).loaders[0].policies
        assert "always full" in [line.text for line in shown.lines]
        assert {pipeline.program.loaders[0].policy.batch} == {len(labels) for _, labels in pipeline["a"]}
