"""Language intelligence for editors, without any editor's protocol: text and offset in, spans and words out.

`analysis` checks a text once; each other file answers one question about an `Analysis`. All of it works on texts with
errors, as far as the parser could make sense of them, and raises nothing for what a text says. Offsets and spans count
code points; positions in lines, encodings and protocols are for the language server.
"""

from __future__ import annotations

from feedline.compiler.ide.analysis import Analysis, analyse
from feedline.compiler.ide.known import KnownData

__all__ = ["Analysis", "KnownData", "analyse"]
