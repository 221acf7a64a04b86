"""What the compiler knows of a file, as a page: what `feedline explain` shows.

`pages` says what a page is made of, `build` makes one from a Program, `chains` says what steps do to samples,
`sampling` puts a policy into words, and `text` writes values as the language does. No data is opened here: what it adds
comes in as `Counts`, from whoever has opened it.
"""

from __future__ import annotations

from feedline.compiler.explain.build import explain
from feedline.compiler.explain.counts import Counts, LoaderCounts
from feedline.compiler.explain.pages import FORMAT_VERSION, Page, to_json

__all__ = ["FORMAT_VERSION", "Counts", "LoaderCounts", "Page", "explain", "to_json"]
