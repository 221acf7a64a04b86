"""The methods that the server answers, a file each.

A feature is a module with `METHOD`, the method's name, `answer(server, params)`, which gives the result, and, where the
method has any, `OPTIONS`. The server calls `answer` for one message at a time, with `server.documents` as they were
when the message came; where it raises, the answer is `EMPTY`, or None if there is no such name. `wanted(capabilities)`
says whether a client gets it at all. What needs more than that has `register(server)` instead of `answer`.
"""

from __future__ import annotations

FEATURES = (
    "diagnostic",
    "formatting",
    "range_formatting",
    "completion",
    "completion_resolve",
    "hover",
    "signature_help",
    "definition",
    "references",
    "document_highlight",
    "rename",
    "prepare_rename",
    "document_symbol",
    "workspace_symbol",
    "folding_range",
    "selection_range",
    "semantic_tokens",
    "semantic_tokens_range",
    "code_action",
    "inlay_hint",
    "code_lens",
    "execute_command",
    "document_link",
)
"""The modules of this package that the server loads, in the order of the table in docs/editors.md."""
