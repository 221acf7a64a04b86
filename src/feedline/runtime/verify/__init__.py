"""Proves, on the data at hand, that a loader's batches keep every promise of its policy; no sample is read.

The batches of some epochs are worked out block by block (`engine`), and each block goes through every check that the
policy calls for (`select`): those of one batch (`checks`), of the order of samples (`turns`), of mixes and buckets
(`forms`), of any block alone and other seeds (`whole`), of ranks and resumed runs (`ranks`). What a policy allows is
worked out anew from the groups (`facts`, `lengths`), never by the code that composes batches.
"""
