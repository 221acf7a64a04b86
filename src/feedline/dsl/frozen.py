"""Classes for trees, programs and types as attrs makes them, without attrs and in a sixth of the time.

A check needs two hundred such classes and makes a dozen objects of most. To import attrs and to let it compile methods
for each class was a fifth of that check; here all classes share one of each. attrs still does the rest: it is loaded
for whoever asks for its view of a class (`attrs.fields`, `attrs.evolve`, cattrs), to say which argument is missing or
too much, and to compile the constructor of a class that has shown that many objects of it are made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")

_NONE: Any = object()

_MANY = 5000
"""Objects of a class from which on a constructor of its own is worth compiling: those of a thousand lines and more."""


class Field:
    """What a class knows of one field. Only what differs from the default is stored."""

    name: str
    default: Any = _NONE
    factory: Callable[[], Any] | None = None
    init: bool = True
    eq: bool = True
    repr: bool = True
    kw_only: bool = False
    type: Any = None

    def __init__(self, chosen: dict[str, Any]) -> None:
        self.__dict__ = chosen


def field(
    *,
    default: Any = _NONE,
    factory: Callable[[], Any] | None = None,
    init: bool = True,
    eq: bool = True,
    repr: bool = True,
    kw_only: bool = False,
) -> Any:
    """`attrs.field`, as far as it is needed here."""
    return Field({"default": default, "factory": factory, "init": init, "eq": eq, "repr": repr, "kw_only": kw_only})


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """A frozen, slotted class. Fields with `eq=False` or `repr=False` take no part in the one or the other. What the
    class body defines of `__init__`, `__repr__`, `__eq__` and `__hash__` stays, here and in `define`."""
    made = _made(cls)
    if "__eq__" not in vars(cls):
        made.__eq__ = _equal
        if "__hash__" not in vars(cls):
            made.__hash__ = _hash
    made.__setattr__ = made.__delattr__ = _refuse
    return made


@overload
def define(cls: type[T]) -> type[T]: ...
@overload
def define(*, eq: bool) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(field_specifiers=(field,))
def define(cls: type[Any] | None = None, *, eq: bool = True) -> Any:
    """A slotted class whose objects change, and so have no hash. With `eq=False` each is equal to itself alone."""
    if cls is None:
        return lambda cls: define(cls) if eq else _made(cls)
    made = _made(cls)
    if "__eq__" not in vars(cls):
        made.__eq__ = _equal
        made.__hash__ = vars(cls).get("__hash__")
    return made


def fields(cls: type[Any]) -> tuple[Field, ...]:
    """The fields of a class that was made here, those of its bases first."""
    return cls.__fields__


def evolve(thing: T, **changes: Any) -> T:
    """A copy with some fields changed."""
    for name, alias in _arguments(type(thing)):
        if alias not in changes:
            changes[alias] = getattr(thing, name)
    return type(thing)(**changes)


@cache
def _arguments(cls: type[Any]) -> list[tuple[str, str]]:
    return [(field.name, field.name.lstrip("_")) for field in fields(cls) if field.init]


def _made(cls: type[Any]) -> Any:
    """The class again with slots, which only a new class can have, and with the shared methods."""
    body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    own = [
        _field(name, type, body)
        for name, type in body.get("__annotations__", {}).items()
        if "ClassVar" not in str(type)
    ]
    above = {each.name: each for base in reversed(cls.__mro__) for each in vars(base).get("__fields__", ())}
    slots = [each.name for each in own if each.name not in above]
    base: Any = cls.__base__
    if not base.__weakrefoffset__:
        slots.append("__weakref__")
    if not base.__dictoffset__ and any(isinstance(value, cached_property) for value in body.values()):
        slots.append("__dict__")  # where these keep what they have found
    names = {each.name for each in own}
    found = (*(each for name, each in above.items() if name not in names), *own)
    body = {"__repr__": _shown, "__getstate__": _state, "__setstate__": _restore, **body} | {
        "__qualname__": cls.__qualname__,
        "__slots__": tuple(slots),
        "__fields__": found,
        "__match_args__": tuple(each.name for each in found if each.init and not each.kw_only),
        "__attrs_attrs__": _VIEW,
    }
    kind: Any = type(cls)
    made = kind(cls.__name__, cls.__bases__, body)
    if "__init__" not in body:
        made.__init__ = _constructor(made)
    return made


def _field(name: str, type: str, body: dict[str, Any]) -> Field:
    """The field that a class body declares, whose default goes out of the body: a slot takes its place."""
    value = body.pop(name, _NONE)
    if value.__class__.__module__.startswith("attr."):
        raise TypeError(f"`{name}` is a field of attrs; `field` of this module is wanted")
    made = value if isinstance(value, Field) else Field({} if value is _NONE else {"default": value})
    made.name, made.type = name, type
    return made


def _constructor(cls: type[Any]) -> Callable[..., None]:
    """What fills in a new object: one function for all classes, told which fields there are."""
    rows = [
        (each.name.lstrip("_") if each.init else None, vars(_home(cls, each.name))[each.name].__set__, each)
        for each in fields(cls)
    ]
    order = [name.lstrip("_") for name in cls.__match_args__]
    puts = [put for _, put, _ in rows]
    # Where arguments and slots are the same, in the same order.
    straight = len(order) if len(order) == len(rows) else -1
    made = 0

    def fill(self: Any, *values: Any, **named: Any) -> None:
        nonlocal made
        made += 1
        if made == _MANY:
            cls.__init__ = _by_attrs(cls).__init__
        if len(values) == straight and not named:
            for put, value in zip(puts, values, strict=True):
                put(self, value)
            return
        given = dict(zip(order, values, strict=False))
        wrong = len(values) > len(order) or not given.keys().isdisjoint(named)
        given |= named
        for name, put, each in rows:
            if name in given:
                put(self, given.pop(name))
            elif each.factory is not None:
                put(self, each.factory())
            elif each.default is not _NONE:
                put(self, each.default)
            else:
                wrong = True
        if wrong or given:
            _by_attrs(cls).__init__(self, *values, **named)  # which says what is wrong

    return fill


def _home(cls: type[Any], name: str) -> type[Any]:
    """The class whose slot holds the field."""
    return next(base for base in cls.__mro__ if name in vars(base).get("__slots__", ()))


@cache
def _by_attrs(cls: type[Any]) -> Any:
    """The same class as attrs makes it."""
    import attrs

    def made(each: Field) -> Any:
        chosen = vars(each).copy()
        del chosen["name"]
        if chosen.get("default", _NONE) is _NONE:
            chosen["default"] = attrs.NOTHING
        return attrs.field(**chosen)

    own = {each.name: made(each) for each in fields(cls)}
    return attrs.make_class(cls.__name__, own, frozen=cls.__setattr__ is _refuse, slots=True)


class _View:
    """`__attrs_attrs__` of a class, by which attrs and cattrs know it: made when first asked for."""

    def __get__(self, thing: object, cls: type[Any]) -> Any:
        home = next(base for base in cls.__mro__ if "__fields__" in vars(base))
        home.__attrs_attrs__ = found = _by_attrs(home).__attrs_attrs__
        return found


_VIEW = _View()


def _equal(self: object, other: object) -> bool:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = _values(self.__class__)
    return values(self) == values(other)


def _hash(self: object) -> int:
    return hash((self.__class__, _values(self.__class__)(self)))


def _shown(self: object) -> str:
    cls: Any = type(self)
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(cls) if field.repr)
    return f"{cls.__qualname__}({', '.join(shown)})"


def _refuse(self: object, name: str, value: object = None) -> NoReturn:
    from attrs.exceptions import FrozenInstanceError

    raise FrozenInstanceError


def _state(self: object) -> dict[str, Any]:
    return {field.name: getattr(self, field.name) for field in fields(type(self))}


def _restore(self: object, state: dict[str, Any]) -> None:
    for name, value in state.items():
        object.__setattr__(self, name, value)


@cache
def _values(cls: type[Any]) -> Callable[[object], Any]:
    """What gets the values that an object of the class is compared by."""
    names = [field.name for field in fields(cls) if field.eq]
    return attrgetter(*names) if names else lambda _: ()
