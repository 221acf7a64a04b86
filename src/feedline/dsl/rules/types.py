"""3xx: sample types."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule
