"""`feedline schema`: the language as JSON."""

from __future__ import annotations

import json

import click

from feedline.cli.output import emit


@click.command("schema")
def command() -> int:
    """Print the language as one JSON object: keywords, forms, options, transforms, datasets with their arguments, types
    and defaults, and the codes of all messages. `format_version` says when a key went or changed its meaning.
    """
    from feedline.compiler.reference import schema

    emit(json.dumps(schema(), indent=1) + "\n")
    return 0
