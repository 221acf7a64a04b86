"""4xx: policies that say what cannot go together, whatever the data."""

from __future__ import annotations
