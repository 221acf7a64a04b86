"""56x and 57x: saved states and ranks."""

from __future__ import annotations
