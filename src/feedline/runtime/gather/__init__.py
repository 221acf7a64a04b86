"""Batches gathered from an array in memory as a whole: the steps run on all samples of a batch at once.

Without this a sample is a clone, a `tv_tensors.Image`, a call of torchvision a step, and a place in a stack: 40 us for
a digit of 784 bytes, which takes 0.3 us to move and scale. `draws.py` gives the random numbers that torch would draw
for each sample, `geometry.py` finds each one's window, `windows.py` cuts it, `affine.py` rotates, shifts and scales,
`pixels.py` does what treats each value alone, `jit.py` cuts and scales at once where Numba is installed, `whole.py`
puts them together, and `direct.py` iterates without a DataLoader's machinery where there are no workers.
"""

from feedline.runtime.gather.whole import Gather, gather_of, same_bits

__all__ = ["Gather", "gather_of", "same_bits"]
