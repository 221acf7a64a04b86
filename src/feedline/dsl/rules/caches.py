"""59x: what a loader keeps of its samples."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class CacheTooLarge(Rule):
    """What `cache` would keep is more than it may take.

    Without `gb` a cache in memory may take half of the memory that is free, and one on disk half of what is free where
    its folder is. What it will take is estimated from the sizes in the headers of some images, before any is decoded.
    """

    code = "FL591"
    slug = "cache-too-large"
    title = "a cache that would take more than it may"
    bad = ""
    good = ""


class NothingKept(Rule):
    """`cache` is asked for, and nothing of this loader's samples can be kept.

    Kept are images that are tensors of bytes, from files whose changes can be noticed. PIL images, samples that code of
    your own makes, and data that is in memory anyway are read as if `cache` were `off`.
    """

    code = "FL592"
    slug = "nothing-kept"
    severity = "warning"
    title = "a cache that keeps nothing"
    bad = ""
    good = ""


class CacheStopped(Rule):
    """A cache could not be written any further: the disk is full, the folder cannot be written, or it has taken all
    that it may. What is kept is still used; every other sample is read as if `cache` were `off`."""

    code = "FL593"
    slug = "cache-stopped"
    severity = "warning"
    title = "a cache that can keep no more"
    bad = ""
    good = ""
