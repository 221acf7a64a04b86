"""Datasets and transforms that Python code adds to the language.

`@feedline.dataset("Name")` and `@feedline.transform("Name")` register a callable while a program runs; an installed
package offers one as an entry point in the group `feedline.datasets` or `feedline.transforms`. Entry points are known
by name without being loaded: checking a file never imports foreign code. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar

from feedline.compiler import catalogue
from feedline.dsl.frozen import frozen

Kind: TypeAlias = Literal["dataset", "transform"]
F = TypeVar("F", bound=Callable[..., Any])

_REGISTERED: dict[tuple[Kind, str], Callable[..., Any]] = {}


@frozen
class Registered:
    """A name that Python code has added. `callable` is None for an entry point that nothing has loaded."""

    kind: Kind
    name: str
    callable: Callable[..., Any] | None = None
    entry_point: Any = None

    def load(self) -> Callable[..., Any]:
        """The callable itself; runs the import of an entry point, so only the runtime calls this."""
        return self.callable if self.callable is not None else self.entry_point.load()


def dataset(name: str) -> Callable[[F], F]:
    """Register a map-style dataset, or a function that makes one, under `name` for `.pipe` files.

    The arguments in the file become the callable's arguments. Registering a name again replaces it.
    Raises ValueError for a name that is no identifier or belongs to torchvision's catalogue, TypeError without one."""
    return _register("dataset", name)


def transform(name: str) -> Callable[[F], F]:
    """Register a transform under `name` for `.pipe` files.

    It is a class whose instances are called with the image, a function of the image, or a function that makes such a
    callable. A first parameter named `sample` gets the whole sample, a dict.

    The arguments in the file become the callable's arguments. Registering a name again replaces it.
    Raises ValueError for a name that is no identifier or belongs to torchvision's catalogue, TypeError without one."""
    return _register("transform", name)


def find(kind: Kind, name: str) -> Registered | None:
    """What is registered under a name, or offered by an installed package."""
    registered = _REGISTERED.get((kind, name))
    if registered is not None:
        return Registered(kind, name, registered)
    entry_point = _entry_points(kind).get(name)
    return None if entry_point is None else Registered(kind, name, None, entry_point)


def names(kind: Kind) -> list[str]:
    """Every registered or offered name of a kind."""
    return [name for known, name in _REGISTERED if known == kind] + list(_entry_points(kind))


def unregister(kind: Kind, name: str) -> None:
    """Forget a registered name; one that is not registered is no fault."""
    _REGISTERED.pop((kind, name), None)


def _register(kind: Kind, name: str) -> Callable[[F], F]:
    if callable(name):
        raise TypeError(f'a {kind} is registered under a name: write `@feedline.{kind}("Name")`')
    if not isinstance(name, str) or not name.isidentifier() or name in ("python", "env"):
        raise ValueError(f"{name!r} is not a name that a file can use for a {kind}")
    known = catalogue.dataset(name) if kind == "dataset" else catalogue.transform(name)
    if known is not None:
        raise ValueError(f"{name!r} is already a {kind} of torchvision's; choose another name")

    def decorate(function: F) -> F:
        if not callable(function):
            raise TypeError(f"the {kind} {name!r} must be a class or a function, not {type(function).__name__}")
        _REGISTERED[kind, name] = function
        return function

    return decorate


@cache
def _entry_points(kind: Kind) -> dict[str, Any]:
    # Imported here: reading the metadata of every installed package costs more than most checks.
    from importlib.metadata import entry_points

    return {entry_point.name: entry_point for entry_point in entry_points(group=f"feedline.{kind}s")}
