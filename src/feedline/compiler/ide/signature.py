"""The parameters of the call that is being written."""

from __future__ import annotations

from attrs import frozen

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.calls import signature_text
from feedline.compiler.ide.cursor import cursor_at
from feedline.compiler.ide.describe import parameter_line
from feedline.compiler.ide.open_call import open_call


@frozen
class SignatureParameter:
    """A parameter, where it stands in the signature's text, and what it is, in Markdown."""

    name: str
    start: int
    end: int
    doc: str


@frozen
class Signature:
    """A call's signature. `active` is the number of the parameter at the cursor, None where there is none for it."""

    text: str
    doc: str
    parameters: tuple[SignatureParameter, ...]
    active: int | None


def signature(analysis: Analysis, offset: int) -> Signature | None:
    """The signature of the innermost call around an offset, None outside of every call that has one."""
    cursor = cursor_at(analysis, offset, inside_numbers=True)
    call = None if cursor is None else open_call(analysis, cursor)
    if call is None or call.entry is None:
        return None
    text, places = signature_text(call.entry)
    parameters = tuple(
        SignatureParameter(parameter.name, *place, parameter_line(parameter).removeprefix("- "))
        for parameter, place in zip(call.entry.parameters, places, strict=True)
    )
    here = call.parameter
    active = None if here is None else call.entry.parameters.index(here)
    return Signature(text, call.entry.doc, parameters, active)
