"""Parts of a split whose samples nothing reads."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.names import Unit, dotted
from feedline.dsl import tree
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.lints import UnusedPart

_KEPT_BACK = ("test", "testing", "holdout", "heldout", "rest", "other", "others", "unused", "spare", "later")
"""Parts that are often cut off in order not to be read."""


def unused_parts(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Hint at parts that no loader or dataset names, in a file that is complete enough to name two others."""
    used: set[str] = set()
    for node in tree.walk(main.tree):
        if isinstance(node, tree.NameRef | tree.Attribute):
            used.add(".".join(name.text for name in dotted(node) or ()))
    whole = {loader.data.dataset for loader in program.loaders if loader.data.part is None}
    whole |= {ref.dataset for dataset in program.datasets for ref in dataset.concat if ref.part is None}
    for node in main.tree.declarations:
        if not isinstance(node, tree.Split) or node.folds is not None:
            continue
        written = ".".join(name.text for name in dotted(node.dataset) or ())
        parts = [part for part in (*node.parts, *node.values) if f"{written}.{part.name.text}" not in used]
        if written in whole or len(node.parts) + len(node.values) - len(parts) < 2:
            continue
        for part in parts:
            name = part.name.text
            if name not in _KEPT_BACK and not name.startswith("_"):
                reporter.report(
                    UnusedPart,
                    part.name.span,
                    f"no loader reads the part `{name}` of `{written}`",
                    label="never read",
                    help=f"add `loader {name} from {written}.{name} {{ ... }}`, or call it `_{name}` to keep it apart",
                    data={"tags": ["unnecessary"]},
                )
