"""The formatter: a text in the one layout that all `.pipe` files share. Only white space ever changes.

`items` reads a text into tokens and brackets, `lines` lays them out as lines, `aligned` puts what stands below each
other into columns, and `source` does it to a whole text, leaving alone what cannot be read.
"""

from __future__ import annotations

from feedline.dsl.layout.source import Formatted, format_source

__all__ = ["Formatted", "format_source"]
