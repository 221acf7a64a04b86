"""Topics as Markdown."""

from __future__ import annotations

from feedline.compiler.reference.topics import KINDS, Topic, parameter_lines, topics

_INTRODUCTION = """\
# Reference

Every form, option, transform and dataset, in the words that editors show. `feedline doc Resize` prints one section,
with each argument of a dataset, too. [The language](language.md) explains how they go together.

<!-- Written by: feedline doc --all > docs/reference.md -->
"""


def listing() -> str:
    """The names of all topics, kind by kind."""
    parts: list[str] = []
    for kind, heading in KINDS.items():
        names = [topic.name for topic in topics() if topic.kind == kind]
        parts.append(f"{heading}\n  {_wrapped(names)}\n")
    return "\n".join([*parts, "`feedline doc NAME` prints what there is to know of one.\n"])


def page() -> str:
    """The page of all topics. Of datasets it leaves out the arguments, which `section` has."""
    parts = [_INTRODUCTION]
    for kind, heading in KINDS.items():
        parts.append(f"## {heading}\n")
        for topic in topics():
            if topic.kind == kind:
                parts.append(f"#{_section(topic, arguments=kind != 'dataset')}")
    return "\n".join(parts)


def section(topic: Topic) -> str:
    """One topic: its form, what it means, its arguments."""
    return _section(topic, arguments=True)


def _section(topic: Topic, arguments: bool) -> str:
    notes = topic.notes if arguments else topic.notes[:1]
    parts = [
        f"## `{topic.name}`: {_article(topic.kind)} {topic.kind}",
        f"```text\n{topic.form}\n```",
        topic.doc,
        *notes,
    ]
    parts.append("\n".join(parameter_lines(topic)) if arguments else "")
    return "\n\n".join(part for part in parts if part) + "\n"


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeiou" else "a"


def _wrapped(names: list[str], width: int = 78) -> str:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > width:
            lines.append("")
        lines[-1] += f"{name}  "
    return "\n  ".join(line.rstrip() for line in lines)
