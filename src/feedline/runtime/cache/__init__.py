"""The cache of a loader: what the deterministic front of its chain yields, kept in memory or on disk.

`build.py` makes it from a Plan, `source.py` reads through it. `key.py` says what an entry depends on, `record.py` how a
sample is bytes, `store.py` where they lie and how processes share them, `folder.py` and `files.py` what is on disk,
`budget.py` how much that is.
"""
