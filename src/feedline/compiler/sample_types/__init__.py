"""The checker's abstract interpreter: what a sample is after every step of a chain, found without data and without
torch.

`model` says what a sample type is, `initial` what a source hands over, `rules` what each transform makes of it,
`interpret` how chains and the forms around steps join them, `batches` what collation makes of the result, and `check`
reports what is wrong in a loader.
"""
