"""4xx: policies that the data cannot keep, or keeps in a way that was surely not meant."""

from __future__ import annotations
