"""What each form of a policy is in the Program: the values that are said, the defaults that follow, the groups made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feedline.compiler import compile_source, ir
from feedline.dsl.source import SourceText

DATA = """\
dataset real = FakeData(size=100)
dataset synthetic = FakeData(size=100)
split synthetic into train 80%, val 20%
dataset all = real + synthetic.train
dataset nested = all + synthetic.val
group few = all where label == 3
group rare = all where label == 4
"""


def program(text: str) -> ir.Program:
    """The program of a text that is right."""
    result = compile_source(SourceText("<text>", DATA + text), base=Path("/data"))
    assert [] == [found for found in result.diagnostics if found.severity == "error"]
    assert result.program is not None
    return result.program


def sampled(statements: str, data: str = "all") -> ir.Policy:
    """The policy of a loader with these sampling statements."""
    return program(f"loader l from {data} {{ sample {{ {statements} }} }}").loaders[0].policy


def named(policy: ir.Policy) -> dict[str, tuple[Any, ...]]:
    """Each forced group with its count, bound, places, replacement and whether it is one of several values."""
    return {f.group: (f.count, f.bound, f.places, f.replacement, f.each) for f in policy.forces}


def made(text: str) -> dict[str, tuple[str, ir.Predicate]]:
    """Dataset and predicate of every group that no declaration names."""
    declared = ("few", "rare")
    return {g.name: (g.dataset, g.predicate) for g in program(text).groups if g.name not in declared}


def test_bounds() -> None:
    """`at most` reserves no places; beside `at least` it bounds the group on both sides."""
    policy = sampled("force at least 1 few per 8; force at most 3 rare per 8 ; force at most 3 few per 8")
    bounds = [(f.group, f.count, f.bound, f.places) for f in policy.forces]
    assert [("few", 1, "at least", 1), ("rare", 3, "at most", 0), ("few", 3, "at most", 0)] == bounds
    assert ("shuffled", "shuffled") == (policy.order, policy.places)


def test_only_a_limit() -> None:
    """With nothing but `at most`, batches are shuffled and no places are special."""
    policy = sampled("force at most 3 few per 8")
    assert (8, "shuffled", "first") == (policy.batch, policy.order, policy.places)


def test_of_each() -> None:
    """One Force a value, over groups named like conditions, on the loader's data."""
    policy = sampled('force at least 2 of each category in ("crack", "void") per 8 with replacement')
    both = (2, "at least", 2, True, True)
    assert {'all where category == "crack"': both, 'all where category == "void"': both} == named(policy)
    groups = made('loader l from all { sample { force 1 of each category in ("crack", "void") per 8 } }')
    assert ['all where category == "crack"', 'all where category == "void"'] == list(groups)
    dataset, predicate = groups['all where category == "void"']
    assert isinstance(predicate, ir.Compare)
    assert ("all", "category", "==", "void") == (dataset, predicate.field.name, predicate.operator, predicate.value)


def test_of_each_named_value() -> None:
    """The values may be a constant; each group is named as the language writes its value."""
    text = 'let values = [0, 1.5, true, "say \\"so\\""]\n'
    text += "loader l from all { sample { force 1 of each label in values per 8 } }"
    names = ["label == 0", "label == 1.5", "label == true", 'label == "say \\"so\\""']
    assert [f"all where {name}" for name in names] == list(made(text))


def test_a_shared_policy_has_groups_of_each_loaders_data() -> None:
    """A policy used by loaders of two datasets draws from both, each group made once."""
    whole = program(
        "policy p { force 1 of each label in (0, 1) per 8 }\n"
        "loader a from all { sample p }\nloader b from real { sample p }\nloader c from all { sample p }"
    )
    assert ["all where label == 0", "real where label == 0", "all where label == 0"] == [
        loader.policy.forces[0].group for loader in whole.loaders
    ]
    made_for = [f"{dataset} where label == {value}" for dataset in ("all", "real") for value in (0, 1)]
    assert ["few", "rare", *made_for] == [group.name for group in whole.groups]


def test_draw() -> None:
    """`draw` alone says the size of a batch."""
    policy = sampled("draw 8 label with 4 each")
    assert (32, "shuffled", "first") == (policy.batch, policy.order, policy.places)
    assert ("pass", "rest") == (policy.epoch.kind, policy.epoch.over)
    assert policy.draw is not None
    draw = policy.draw
    assert (8, "label", 4, False) == (draw.classes, draw.by, draw.each, draw.replacement)


def test_draw_with_replacement_and_a_batch_size() -> None:
    """`batch` may be said beside it, also across ranks."""
    policy = sampled("batch 32 across ranks; draw 8 label with 4 each with replacement; epoch 50 batches")
    assert (32, True, "batches", 50) == (policy.batch, policy.across_ranks, policy.epoch.kind, policy.epoch.count)
    assert policy.draw is not None
    assert policy.draw.replacement


def test_mix_of_groups() -> None:
    """Shares of groups; an epoch is one pass over the first."""
    policy = sampled("mix few 3, rare 1 per 8 with replacement")
    assert policy.mix is not None
    assert [("few", 3), ("rare", 1)] == [(part.group, part.share) for part in policy.mix.parts]
    assert (8, "shuffled", "first", True) == (policy.batch, policy.order, policy.places, policy.mix.replacement)
    assert ("pass", "few") == (policy.epoch.kind, policy.epoch.over)


def test_mix_of_datasets() -> None:
    """Datasets and parts that the data is made of become groups of it."""
    statements = "mix real 3, synthetic.train 1, few 1 per 10; epoch one pass over synthetic.train"
    text = f"loader l from all {{ sample {{ {statements} }} }}"
    policy = program(text).loaders[0].policy
    assert policy.mix is not None
    assert ["real in all", "synthetic.train in all", "few"] == [part.group for part in policy.mix.parts]
    assert ("pass", "synthetic.train in all") == (policy.epoch.kind, policy.epoch.over)
    found = {name: (dataset, predicate.data) for name, (dataset, predicate) in made(text).items()
             if isinstance(predicate, ir.FromDataset)}  # fmt: skip
    at = policy.span
    assert {
        "real in all": ("all", ir.DataRef("real", span=at)),
        "synthetic.train in all": ("all", ir.DataRef("synthetic", "train", span=at)),
    } == found


@pytest.mark.parametrize("part", ["all", "real", "synthetic", "synthetic.train", "synthetic.val"])
def test_mix_reaches_into_what_the_data_is_made_of(part: str) -> None:
    """A component, a component's component, and a dataset of which a part is one."""
    policy = sampled(f"mix {part} 1 per 8", "nested")
    assert policy.mix is not None
    assert f"{part} in nested" == policy.mix.parts[0].group


def test_repeat_factor() -> None:
    """A share, or a percentage; the order is shuffled."""
    for threshold in ("0.25", "25%"):
        policy = sampled(f"batch 8; repeat factor {threshold} by category")
        assert policy.repeat is not None
        assert (0.25, "category", "shuffled") == (policy.repeat.threshold, policy.repeat.by, policy.order)


def test_bucket_beside_force() -> None:
    """Buckets are of the rest."""
    policy = sampled("force 1 few per 8; bucket by aspect_ratio into 4")
    assert policy.bucket is not None
    assert ("aspect_ratio", 4, "shuffled") == (policy.bucket.by, policy.bucket.count, policy.order)


def test_weights_beside_force() -> None:
    """The rest is drawn by weight."""
    policy = sampled("force 1 few per 8; balance by label")
    assert policy.weights is not None
    assert ("balance", "label") == (policy.weights.kind, policy.weights.by)


@pytest.mark.parametrize(
    "statements",
    ["batch 64 across ranks", "force 3 few per 64 across ranks", "mix few 1, rare 1 per 64 across ranks"],
)
def test_across_ranks(statements: str) -> None:
    """The size counts all ranks together."""
    policy = sampled(statements)
    assert (64, True) == (policy.batch, policy.across_ranks)


def test_one_rank_by_default() -> None:
    """Without the words a size is that of each rank."""
    assert not sampled("batch 64").across_ranks


STAGES = """
  force 2 few per 8 with replacement; rest with replacement; epoch 100 batches
  last drop; order shuffled; places forced first; distinct; uneven pad; seed 7
"""


def stages(statements: str, outer: str = STAGES) -> list[ir.Policy]:
    """The policies of the stages."""
    return [stage.policy for stage in sampled(f"{outer}\n{statements}").stages]


def test_a_stage_replaces_the_composition_as_a_whole() -> None:
    """What it does not compose again is gone; the other statements are inherited."""
    (stage,) = stages("from epoch 10 { force 1 rare per 8 }")
    assert {"rare": (1, "exactly", 1, False, False)} == named(stage)
    assert not stage.rest_replacement
    inherited = (stage.batch, stage.epoch.count, stage.last, stage.places, stage.distinct, stage.uneven, stage.seed)
    assert (8, 100, "drop", "first", True, "pad", 7) == inherited


def test_a_stage_that_only_changes_words_keeps_the_composition() -> None:
    """Each word is its own or the one around it."""
    (stage,) = stages("from epoch 10 { last keep; epoch 4000 samples }")
    assert {"few": (2, "exactly", 2, True, False)} == named(stage)
    assert (True, "keep", "samples") == (stage.rest_replacement, stage.last, stage.epoch.kind)


def test_a_stage_has_the_defaults_of_its_own_composition() -> None:
    """Order and places that nobody says follow from what the stage is made of."""
    policy = sampled("batch 8; from epoch 2 { force 1 few per 8 }; from epoch 4 { mix few 1, rare 1 per 8 }")
    first, second = (stage.policy for stage in policy.stages)
    assert ("sequential", "first") == (policy.order, policy.places)
    assert ("shuffled", "shuffled") == (first.order, first.places)
    assert ("shuffled", "first", "few") == (second.order, second.places, second.epoch.over)


def test_stages_of_every_kind() -> None:
    """Epochs ascend; each stage is a whole policy over the loader's groups, without stages."""
    policy = sampled(
        "batch 8 across ranks; from epoch 1 { draw 4 label with 2 each }"
        "; from epoch 5 { mix real 1 per 8 across ranks }"
        "; from epoch 7 { force 1 of each label in (0,) per 8 across ranks }; from epoch 9 { balance by label }"
        "; from epoch 10 { repeat factor 0.1 by label }; from epoch 11 { bucket by width into 2 }"
    )
    assert [1, 5, 7, 9, 10, 11] == [stage.epoch for stage in policy.stages]
    inner = [stage.policy for stage in policy.stages]
    assert {(8, True, 0, ())} == {(p.batch, p.across_ranks, p.seed, p.stages) for p in inner}
    assert inner[1].mix is not None
    assert ("real in all", "all where label == 0") == (inner[1].mix.parts[0].group, inner[2].forces[0].group)
    kinds = [bool(p.draw or p.mix or p.forces or p.weights or p.repeat or p.bucket) for p in inner]
    assert [True] * 6 == kinds


def test_verify() -> None:
    """An option, off by default."""
    whole = program("loader a from all { }\nloader b from all { verify = true }")
    assert [False, True] == [loader.option("verify") for loader in whole.loaders]
