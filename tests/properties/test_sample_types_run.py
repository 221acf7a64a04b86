"""The sample types against reality: chains are drawn, torchvision runs them as feedline does, and what comes out must
be what the type says; what the checker calls an error must be one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from attrs import frozen
from chains import apply, image, maybe, on, one_of, pil, shuffled, views
from containment import excluded
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import tv_tensors
from typed_calls import CALLS, UNTRIED, steps

from feedline.compiler import ir
from feedline.compiler.sample_types.interpret import Interpreter
from feedline.compiler.sample_types.model import Boxes, Dim, Image, Mask, Number, Sample, Types
from feedline.compiler.sample_types.rules import RULES
from feedline.dsl.diagnostics import Rule
from feedline.dsl.rules import RULES as CODES
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.transforms import build_chain

TRIES = 40
"""Keys under which a chain runs when it has to fail once."""

WRONG_VALUES = {
    "FL311",
    "FL313",
    "FL315",
    "FL316",
    "FL317",
    "FL318",
    "FL319",
    "FL320",
    "FL322",
    "FL323",
    "FL328",
    "FL329",
    "FL339",
}
"""Errors of chains that run: what is wrong is the values, as their own tests show."""


@frozen
class Given:
    """A real sample and its type."""

    sample: dict[str, Any]
    type: Sample


@st.composite
def inputs(draw: st.DrawFn) -> Given:
    """A small image with a label, some with boxes and masks."""
    height, width = draw(st.integers(6, 40)), draw(st.integers(6, 40))
    channels, seed = draw(st.sampled_from((1, 3, 3))), draw(st.integers(0, 3))
    on_pil = draw(st.booleans())
    real = pil(height, width, "L" if channels == 1 else "RGB", seed) if on_pil else image(height, width, channels, seed)
    kind = Image("pil" if on_pil else "tensor", channels, height=Dim.of(height), width=Dim.of(width))
    sample, fields = {"image": real, "label": 3}, {"image": kind, "label": Number("int64", classes=10)}
    if draw(st.booleans()):
        boxes = torch.tensor([[1, 1, 5, 5], [2, 0, 4, 3]], dtype=torch.float32)
        sample["boxes"] = tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width))  # pyright: ignore  (the stubs know neither keyword)
        sample["labels"] = torch.tensor([1, 2])
        sample["masks"] = tv_tensors.Mask(torch.zeros(2, height, width, dtype=torch.uint8))
        fields |= {"boxes": Boxes(), "labels": Number("int64", (None,)), "masks": Mask(objects=True)}
    return Given(sample, Sample.of(**fields))


def chains(most: int = 4) -> st.SearchStrategy[tuple[ir.Step, ...]]:
    """Chains of calls, alone and in every form around steps."""
    call = steps()
    inner = st.lists(call, min_size=1, max_size=2).map(tuple)
    several = st.lists(call, min_size=2, max_size=3)
    form = st.one_of(
        call,
        call,
        call,
        st.builds(lambda p, chain: maybe(p, *chain), st.sampled_from((0.0, 0.5, 1.0)), inner),
        several.map(lambda found: one_of(*found)),
        several.map(lambda found: shuffled(*found)),
        inner.map(lambda chain: on("image", *chain)),
        several.map(lambda found: apply("Compose", ir.ListValue(tuple(found)))),
        st.builds(lambda found, p: apply("RandomApply", ir.ListValue(tuple(found)), p=p), several, st.just(0.5)),
    )
    plain = st.lists(form, min_size=1, max_size=most).map(tuple)
    viewed = st.builds(lambda chain, rest: (views(chain, chain), *rest), inner, st.lists(call, max_size=1))
    return st.one_of(plain, plain, plain, viewed)


def _run(chain: tuple[ir.Step, ...], sample: dict[str, Any], key: int) -> dict[str, Any] | None:
    """The sample after the chain; None where a step refuses its arguments or fails."""
    try:
        return build_chain(chain)(dict(sample), key)
    except PipelineFailure:
        return None


def _follow(chain: tuple[ir.Step, ...], given: Given) -> tuple[Types, list[type[Rule]]]:
    interpreter = Interpreter()
    types = interpreter.follow(chain, (given.type,))
    return types, [fault.rule for fault in interpreter.faults.values() if fault.rule.severity == "error"]


@settings(max_examples=400, deadline=None)
@given(given=inputs(), chain=chains(), key=st.integers(0, 2**32))
def test_what_comes_out_is_of_the_inferred_type(given: Given, chain: tuple[ir.Step, ...], key: int) -> None:
    """Backend, channels, dtype, size, values, boxes and tuples, wherever the checker finds no error."""
    types, errors = _follow(chain, given)
    came = None if errors else _run(chain, given.sample, key)
    if came is not None:
        assert None is excluded(types, came)


@settings(max_examples=300, deadline=None)
@given(given=inputs(), chain=chains(2))
def test_an_error_is_a_failure_of_some_sample(given: Given, chain: tuple[ir.Step, ...]) -> None:
    """Where the checker says that a step fails, it does so under some key."""
    _, errors = _follow(chain, given)
    if errors and all(rule.code not in WRONG_VALUES for rule in errors):
        assert any(_run(chain, given.sample, key) is None for key in range(TRIES)), [rule.code for rule in errors]


@pytest.mark.parametrize("name", sorted(CALLS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_one_step_alone(name: str, data: st.DataObject) -> None:
    """Each transform by itself, on every kind of image: its type, and that its errors are failures."""
    given, chain = data.draw(inputs()), (data.draw(CALLS[name]),)
    types, errors = _follow(chain, given)
    if not errors:
        came = _run(chain, given.sample, data.draw(st.integers(0, 1000)))
        assert came is None or None is excluded(types, came)
    elif all(rule.code not in WRONG_VALUES for rule in errors):
        assert any(_run(chain, given.sample, key) is None for key in range(TRIES)), [rule.code for rule in errors]


def test_every_rule_is_tried() -> None:
    """A transform with a rule is drawn."""
    assert set() == RULES.keys() - CALLS.keys() - UNTRIED


def test_values_that_are_wrong_have_codes() -> None:
    """The list of codes names no code that is gone."""
    assert set() == WRONG_VALUES - CODES.keys()
