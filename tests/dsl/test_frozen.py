"""`frozen`: what its shared methods do is what attrs's own would do."""

from __future__ import annotations

import pickle

import attrs
import pytest

from feedline.dsl.frozen import frozen


@frozen
class Pair:
    """One field that counts and one that does not."""

    one: int
    two: object = attrs.field(default=None, eq=False, repr=False)


@frozen
class Alike:
    """Holds what `Pair` compares."""

    one: int


@frozen
class Nothing:
    """Has no fields."""


def test_fields_left_out_take_no_part() -> None:
    """`eq=False` keeps a field out of comparison and hash, `repr=False` out of what is printed."""
    assert Pair(1, "a") == Pair(1, "b") != Pair(2, "a")
    assert hash(Pair(1, "a")) == hash(Pair(1, []))
    assert repr(Pair(1, "a")) == "Pair(one=1)"


def test_classes_are_told_apart() -> None:
    """Objects of two classes are never equal, whatever they hold."""
    assert Pair(1) != Alike(1)
    assert len({Pair(1), Alike(1), Nothing(), Nothing()}) == 3


def test_it_is_a_frozen_slotted_attrs_class() -> None:
    """Nothing can be set, `evolve` makes a changed copy, and pickle an equal one."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Pair(1).one = 2  # pyright: ignore[reportAttributeAccessIssue]: that is what is tested
    assert not hasattr(Pair(1), "__dict__")
    assert attrs.evolve(Pair(1), one=3) == pickle.loads(pickle.dumps(Pair(3)))
    assert repr(Nothing()) == "Nothing()"
