"""9xx: feedline's own faults."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class InternalError(Rule):
    """feedline itself failed. The message holds what a report of the fault needs; the file is not to blame."""

    code = "FL901"
    slug = "internal-error"
    title = "a fault of feedline's own"
    bad = ""
    good = ""
