"""The room that meets the data: the only one that imports torch. A Program goes in, a `Pipeline` of Loaders comes out.

`pipeline.py` binds a Program: `data.py` opens its datasets (`sources/`) and decides groups and splits from their
metadata (`columns.py`); `sampling/` turns a policy into a `BatchPlan`; `dataset.py` reads the samples of a batch and
transforms them (`transforms/`), `collate.py` joins them, and `loader.py` is the DataLoader that a training loop sees.
`run.py` iterates a loader and counts what it delivered.
"""
