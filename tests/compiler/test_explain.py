"""How `explain` puts policies, conditions and values into words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from feedline.compiler import compile_source
from feedline.compiler.explain import Page, explain
from feedline.compiler.explain.pages import Policy
from feedline.dsl.source import SourceText

DATA = """\
dataset real = FakeData(size=200)
dataset made = FakeData(size=100)
dataset all = real + made
group rare = all where label == 1
group easy = all where label in (2, 3) and not (index > 250 or rare)
"""

LINES = {
    "": "every batch: 1 sample (default)",
    "batch 8": "every batch: 8 samples",
    "batch 8 across ranks": "every batch: 8 samples on all ranks together",
    "force 3 rare per 8": "every batch: 8 samples: exactly 3 of `rare` and 5 others",
    "force 7 rare per 8": "every batch: 8 samples: exactly 7 of `rare` and 1 other",
    "force 8 rare per 8; epoch 3 batches": "every batch: 8 samples: exactly 8 of `rare`",
    "force at least 1 rare per 8": "every batch: 8 samples: at least 1 of `rare` and 7 of any kind",
    "force at most 2 easy per 8": "every batch: 8 samples: at most 2 of `easy`",
    "force at least 1 rare per 8; force at most 3 rare per 8": (
        "every batch: 8 samples: 1 to 3 of `rare` and 7 of any kind"
    ),
    "force 1 rare per 8; force at most 2 easy per 8": (
        "every batch: 8 samples: exactly 1 of `rare`, at most 2 of `easy` and 7 others"
    ),
    "force 1 of each label in (1, 2) per 8": (
        "every batch: 8 samples: exactly 1 of each `label` in (1, 2) and 6 others"
    ),
    "draw 2 label with 4 each": "every batch: 8 samples: 4 of each of 2 values of `label`",
    "mix real 3, made 1 per 8": ("every batch: 8 samples: exactly 6 of `real in all` and exactly 2 of `made in all`"),
    "mix rare 1, easy 2 per 4": "every batch: 4 samples: 1 or 2 of `rare` and 2 or 3 of `easy`",
    "force 3 rare per 8 with replacement": "`rare`: with replacement: independent draws",
    "force 3 rare per 8 ": "`rare`: without replacement: all come before any comes again (default)",
    "batch 8; last drop": "samples: without replacement: each at most once an epoch (default)",
    "batch 8; last pad": "samples: without replacement: each at least once an epoch (default)",
    "batch 8; rest with replacement": "samples: with replacement: independent draws",
    "batch 8; balance by label": "samples: drawn with replacement, each class of `label` equally often on average",
    "batch 8; weight by index": "samples: drawn with replacement, each as often on average as its `index` says",
    "batch 8; weight by { rare 5; rest 1 }": (
        "samples: drawn with replacement, by weight: `rare` 5, the rest 1; weights of several groups add up"
    ),
    "force 3 rare per 8; epoch one pass over rare": "epoch: ceil(`rare` / 3) batches: one pass over `rare`",
    "batch 8; epoch 500 batches": "epoch: 500 batches",
    "batch 8; epoch 4001 samples": "epoch: 501 batches: 4,001 places",
    "batch 8; epoch 4001 samples; last drop": "epoch: 500 batches: 4,001 places",
    "batch 8; last drop ": "epoch: floor(samples / 8) batches: one pass over them (default)",
    "force 3 rare per 8; last keep": "last batch: may be shorter, in the places of the others only (default)",
    "batch 8; epoch 500 batches; last keep": "last batch: always full (default)",
    "batch 8; order shuffled": "order: shuffled: a new one each epoch",
    "force 3 rare per 8; order shuffled": "order: shuffled: a new one each epoch (default)",
    "force 3 rare per 8; places forced first": "places: forced samples first",
    "force 3 rare per 8; distinct": "repeats: no sample twice in one batch",
    "batch 8; uneven pad": "ranks: each gets every W-th batch; a remainder is filled up",
    "batch 64 across ranks": "ranks: each gets every W-th place of every batch; 64 must divide by W",
    "batch 8; seed 7": "seed: 7: the same batches each run, on any machine",
    "batch 8; seed 0": "seed: 0: the same batches each run, on any machine",
    "batch 8  # seed 0\n": "seed: 0: the same batches each run, on any machine (default)",
}
"""Statements of a policy, and a line of what is said of it."""

ALL = "; ".join(
    f"from epoch {number} {{ {text} }}"
    for number, text in enumerate(
        [
            "batch 8", "batch 8; repeat factor 0.1 by label", "batch 8; bucket by index into 4",
            "draw 2 label with 4 each",
            "force 1 rare per 8; bucket by index into 4", "draw 2 label with 4 each with replacement; epoch 9 samples",
            "mix rare 1, easy 1 per 8 with replacement", "force at least 1 of each label in (1, 2) per 8; last pad",
            "force 1 rare per 8; balance by label; last drop", "force at least 2 rare per 8 with replacement",
        ],
        1,
    )
)  # fmt: skip


def page(text: str) -> Page:
    """The page of a text that must be good."""
    result = compile_source(SourceText("<text>", text), allow_python=True)
    assert result.program is not None, [item.message for item in result.diagnostics]
    return explain(result.program)


def policies(statements: str) -> tuple[Policy, ...]:
    """The policy of a loader with these statements, and its stages."""
    sample = f"sample {{ {statements} }}" if statements else ""
    (loader,) = page(f"{DATA}loader a from all {{ {sample} }}\n").loaders
    return loader.policies


def said(policy: Policy) -> list[str]:
    """The lines of a policy as one text each."""
    return [f"{line.topic}: {line.text}{' (default)' if line.default else ''}" for line in policy.lines]


@pytest.mark.parametrize("statements", LINES, ids=[text or "nothing" for text in LINES])
def test_policy_in_words(statements: str) -> None:
    """Each statement, and what holds where it is left out."""
    assert LINES[statements] in said(policies(statements)[0])


def test_repeats_are_mentioned_only_where_there_are_any() -> None:
    """A plain pass holds no sample twice, so nothing is said of it."""
    topics = [[line.topic for line in policies(text)[0].lines] for text in ("batch 8", "force 3 rare per 8")]
    assert ([True, True]) == ["repeats" not in found for found in topics]


def test_every_guarantee_is_a_row_of_the_page_of_guarantees() -> None:
    """So that a reader, or a program, finds all that is promised."""
    rows = set(
        re.findall(r"^\| `([a-z-]+)` \|", (Path(__file__).parents[2] / "docs" / "guarantees.md").read_text(), re.M)
    )
    named = {line.guarantee for text in LINES for one in policies(text) for line in one.lines}
    named |= {line.guarantee for one in policies(f"batch 8; {ALL}") for line in one.lines}
    assert set() == named - rows - {None}
    assert {"repeat-factor", "bucket", "bucket-force", "draw", "mix", "uneven-pad", "force-each"} <= named


def test_stages_say_nothing_of_what_they_share() -> None:
    """Seed and ranks belong to the whole policy."""
    outer, stage = policies("batch 8; seed 7; from epoch 3 { force 1 rare per 8 }")
    assert (0, 3) == (outer.from_epoch, stage.from_epoch)
    assert {"seed", "ranks"} == {line.topic for line in outer.lines} - {line.topic for line in stage.lines} - {
        "samples"
    }


def test_conditions() -> None:
    """As the language writes them, with the brackets that are needed."""
    groups = {group.name: group.condition for group in page(DATA).groups}
    assert {"rare": "label == 1", "easy": "label in (2, 3) and not (index > 250 or rare)"} == groups


def test_values_of_parameters_stand_in_steps_and_constants_keep_their_names() -> None:
    """`size` is what it stands for; `imagenet.mean` says more than three numbers."""
    text = (
        "param size: int = 8\n"
        + DATA
        + "loader a from all { transform { Resize((size, 2 * size)); ToDtype(float32, scale=true); "
        "Normalize(std=imagenet.std, mean=imagenet.mean) } }\n"
    )
    steps = [step.text for step in page(text).loaders[0].steps]
    assert [
        "Resize((8, 16))",
        "ToDtype(float32, scale=true)",
        "Normalize(mean=imagenet.mean, std=imagenet.std)",
    ] == steps


def test_numbers_stand_as_they_were_written() -> None:
    """`degrees=8` is not 8.0, although that is what it becomes; a computed value is shown as what it is."""
    text = f"let p = 1 / 4\n{DATA}loader a from all {{ transform {{ RandomRotation(degrees=8); RandomInvert(p) }} }}\n"
    assert ["RandomRotation(degrees=8)", "RandomInvert(0.25)"] == [step.text for step in page(text).loaders[0].steps]


def test_forms_around_steps() -> None:
    """Chains inside a step have titles that tell them apart; where the order is open, no types are said."""
    chain = (
        "maybe 30% { RandomInvert() }; one of { RandomHorizontalFlip(); RandomVerticalFlip() weight 3 }; "
        "shuffled { RandomInvert(); RandomAutocontrast() }; "
        "views { 2 of { CenterCrop(8) }; 1 of { CenterCrop(4) } }"
    )
    steps = page(f"{DATA}loader a from all {{ transform {{ {chain} }} }}\n").loaders[0].steps
    assert ["maybe 30%", "one of", "shuffled", "views 3"] == [step.text for step in steps]
    assert [[""], ["25%", "75%"], [""], ["views 1 to 2", "view 3"]] == [
        [inner.title for inner in step.chains] for step in steps
    ]
    assert [True, False] == [step.chains[0].steps[0].sample is None for step in (steps[2], steps[3])]


def test_registered_and_user_code_is_written_with_its_target() -> None:
    """And what it makes is not guessed."""
    text = f'{DATA}loader a from all {{ transform {{ python("a.b:C", 3, size=(1, 2)) }} }}\n'
    (step,) = page(text).loaders[0].steps
    assert ('python("a.b:C", 3, size=(1, 2))', ()) == (step.text, step.sample.fields if step.sample else None)
