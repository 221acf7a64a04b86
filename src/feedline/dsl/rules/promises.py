"""58x: promises that were not kept."""

from __future__ import annotations
