"""Chains of transforms: `build_chain` makes a callable of a loader's steps, `build_batch_chain` of its `batch` steps.

A `Chain` takes a sample, a dict of fields, and a key, and gives the sample after its steps. `fields.py` says which
fields a step sees, `steps.py` has the steps, `combine.py` what is made of them, `build.py` makes it all from the IR.
"""

from feedline.runtime.transforms.build import build_batch_chain, build_chain, with_planes
from feedline.runtime.transforms.combine import BatchChain, Chain
from feedline.runtime.transforms.steps import StepFailed

__all__ = ["BatchChain", "Chain", "StepFailed", "build_batch_chain", "build_chain", "with_planes"]
