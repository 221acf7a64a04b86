"""`frozen` and `define`: what their shared methods do is what attrs's own would do."""

from __future__ import annotations

import copy
import pickle
import re
from functools import cached_property
from typing import Any, ClassVar

import attrs
import cattrs
import pytest

from feedline.dsl import frozen as frozen_module
from feedline.dsl.frozen import define, evolve, field, fields, frozen


@frozen
class Pair:
    """One field that counts and one that does not."""

    one: int
    two: object = field(default=None, eq=False, repr=False)


@frozen
class Alike:
    """Holds what `Pair` compares."""

    one: int


@frozen
class Nothing:
    """Has no fields."""


@frozen
class Placed:
    """The base of `Word`, as nodes have one."""

    where: int = field(eq=False, repr=False, kw_only=True)


@frozen
class Word(Placed):
    """A field by name only comes first, and stays out of what is matched by position."""

    KIND: ClassVar[str] = "word"
    text: str
    notes: tuple[str, ...] = ()

    @cached_property
    def long(self) -> str:
        """Worked out once."""
        return self.text * 2


@define
class Heap:
    """Changes, and keeps to itself what no argument sets."""

    items: list[int] = field(factory=list)
    _seen: int = field(default=0, init=False, repr=False, eq=False)


@define(eq=False)
class Thing:
    """Is equal to itself alone."""

    number: int


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


def test_a_class_takes_what_its_bases_take() -> None:
    """Fields of a base, defaults, class variables, patterns and cached properties."""
    word = Word("a", where=3)
    assert (word.where, word.text, word.notes, word.KIND, word.long) == (3, "a", (), "word", "aa")
    assert [each.name for each in fields(Word)] == ["where", "text", "notes"]
    assert word == Word("a", where=4) != Word("a", ("b",), where=3)
    assert repr(word) == "Word(text='a', notes=())"
    match word:
        case Word(text, notes):
            assert (text, notes) == ("a", ())
    for same in (copy.copy(word), copy.deepcopy(word), pickle.loads(pickle.dumps(word))):
        assert (same, same.where) == (word, 3)
    changed = evolve(word, notes=("c",))
    assert (changed.where, changed.text, changed.notes) == (3, "a", ("c",))


def test_what_changes_has_no_hash() -> None:
    """`define`: attributes can be set, each object has its own default, and `eq=False` compares by identity."""
    one, two = Heap(), Heap()
    one.items.append(1)
    one._seen = 5
    assert (two.items, one) == ([], Heap([1]))
    with pytest.raises(TypeError):
        hash(one)
    assert Thing(1) != Thing(1)
    assert len({Thing(1), Thing(1)}) == 2


@pytest.mark.parametrize(
    ("values", "named", "words"),
    [
        ((), {}, "missing 1 required positional argument: 'text'"),
        (("a",), {}, "missing 1 required keyword-only argument: 'where'"),
        (("a",), {"where": 1, "text": "b"}, "multiple values for argument 'text'"),
        (("a", (), 1), {"where": 1}, "takes from 2 to 3 positional arguments"),
        (("a",), {"where": 1, "other": 2}, "unexpected keyword argument 'other'"),
    ],
)
def test_wrong_arguments(values: tuple[Any, ...], named: dict[str, Any], words: str) -> None:
    """Python's own words, as for any function."""
    with pytest.raises(TypeError, match=re.escape(words)):
        Word(*values, **named)


def test_a_field_of_attrs_is_refused() -> None:
    """It would become the default of the field, without a word."""
    with pytest.raises(TypeError, match="`one` is a field of attrs"):

        @frozen
        class _Mixed:  # pyright: ignore[reportUnusedClass]: making it is what is tested
            one: int = attrs.field(eq=False)


def test_attrs_and_cattrs_know_the_classes() -> None:
    """`attrs.fields`, `attrs.asdict`, `attrs.evolve`, a subclass made by attrs, and cattrs both ways."""

    @attrs.frozen
    class More(Word):
        more: int = 0

    word = Word("a", where=3)
    assert [each.name for each in attrs.fields(Word)] == ["where", "text", "notes"]
    assert attrs.asdict(word) == {"where": 3, "text": "a", "notes": ()}
    assert attrs.evolve(word, text="b") == Word("b", where=3)
    assert More("a", where=1, more=2).more == 2
    assert cattrs.structure(cattrs.unstructure(word), Word) == word


def test_a_compiled_constructor_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """From many objects on, attrs's constructor fills them in: nothing else changes."""
    monkeypatch.setattr(frozen_module, "_MANY", 2)

    @frozen
    class Often(Placed):
        text: str
        notes: list[str] = field(factory=list)

    shared = Often.__init__
    made = [Often("a", where=number) for number in range(4)]
    assert Often.__init__ is not shared
    assert [each.where for each in made] == [0, 1, 2, 3]
    assert made == [Often("a", where=9)] * 4
    with pytest.raises(TypeError):
        Often()  # pyright: ignore[reportCallIssue]: that is what is tested


def test_methods_of_the_class_body_stay() -> None:
    """As attrs's `auto_detect` has it: what a class says of itself is not written over, in neither kind."""

    class Own:
        one: int
        two: int = 2

        def __init__(self, one: int) -> None:
            for name, value in (("one", one + 1), ("two", 0)):
                object.__setattr__(self, name, value)

        def __repr__(self) -> str:
            return "mine"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    for made in (frozen(Own), define(Own)):
        assert (made(1).one, repr(made(1)), made(1) == made(5), hash(made(1))) == (2, "mine", True, 7)


def test_a_class_with_equality_of_its_own_has_no_hash() -> None:
    """Python's rule, which attrs keeps; a hash of its own alone stays beside the shared equality."""

    @frozen
    class Equal:
        one: int

        def __eq__(self, other: object) -> bool:
            return True

    @frozen
    class Hashed:
        one: int

        def __hash__(self) -> int:
            return 7

    with pytest.raises(TypeError, match="unhashable"):
        hash(Equal(1))
    assert (hash(Hashed(1)), Hashed(1) == Hashed(1), Hashed(1) == Hashed(2)) == (7, True, False)
