"""The compiler: from a syntax tree to the Program, what a file means. No torch, no data, no foreign code.

The way through: `imports` (files and namespaces) -> `lower_*` (one module a kind of declaration, values by `values` and
`arithmetic`) -> `ir.Program`. `program` holds the order. What exists to be named is in `catalogue` (torchvision's),
`registry` (added from Python) and `options` (of loaders). `plan` says how a checked loader will run.
"""

from __future__ import annotations

from feedline.compiler.params import Given
from feedline.compiler.program import CheckResult, compile_source
from feedline.compiler.read import read_source

__all__ = ["CheckResult", "Given", "compile_source", "read_source"]
