"""feedline: a small declarative language for PyTorch data loading, and its compiler.

The public names. They are loaded when first used, so that `import feedline` never imports torch: checking a file takes
tenths of a second, importing torch takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedline.api import check as check
    from feedline.api import compile as compile
    from feedline.compiler.registry import dataset as dataset
    from feedline.compiler.registry import transform as transform
    from feedline.dsl import Diagnostic as Diagnostic
    from feedline.dsl import ParseResult as ParseResult
    from feedline.dsl import parse as parse
    from feedline.dsl.errors import CompileError as CompileError
    from feedline.dsl.errors import FeedlineError as FeedlineError
    from feedline.dsl.errors import FeedlineWarning as FeedlineWarning
    from feedline.dsl.errors import LoadError as LoadError
    from feedline.runtime.loader import Loader as Loader
    from feedline.runtime.pipeline import Pipeline as Pipeline

__version__ = "0.1.0"

_PUBLIC = {
    "check": "feedline.api",
    "compile": "feedline.api",
    "dataset": "feedline.compiler.registry",
    "transform": "feedline.compiler.registry",
    "Diagnostic": "feedline.dsl",
    "ParseResult": "feedline.dsl",
    "parse": "feedline.dsl",
    "CompileError": "feedline.dsl.errors",
    "FeedlineError": "feedline.dsl.errors",
    "FeedlineWarning": "feedline.dsl.errors",
    "LoadError": "feedline.dsl.errors",
    "Loader": "feedline.runtime.loader",
    "Pipeline": "feedline.runtime.pipeline",
}

__all__ = ["__version__", *_PUBLIC]  # pyright: ignore[reportUnsupportedDunderAll]  # the names are loaded lazily below


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'feedline' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
