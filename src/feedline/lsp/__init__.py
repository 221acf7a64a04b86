"""The language server: `feedline lsp`. What it answers comes from `compiler/ide`, one file of `features` a method.

`server` reads messages and answers them, one after the other, in a thread of its own; `documents` keeps the open texts
and what is known of each; `positions` turns places in a text into those of the protocol and back. Nothing here imports
torch, opens data or runs a user's code.
"""
