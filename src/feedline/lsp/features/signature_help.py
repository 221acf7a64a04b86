"""`textDocument/signatureHelp`: the parameters of the call that is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.signature import SignatureParameter, signature
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_SIGNATURE_HELP
OPTIONS = types.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=["="])

_SHOWN = "text_document.signature_help.signature_information"
_OFFSETS = f"{_SHOWN}.parameter_information.label_offset_support"
_FORMATS = f"{_SHOWN}.documentation_format"


def answer(server: Server, params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    """The signature of the innermost call, with the parameter at the cursor."""
    about = asked(server, params)
    found = signature(about.analysis, about.offset(params.position))
    if found is None:
        return None

    def label(parameter: SignatureParameter) -> str | tuple[int, int]:
        place = parameter.start, parameter.end
        return place if about.can(_OFFSETS) else found.text[slice(*place)]

    parameters = [types.ParameterInformation(label(one), about.written(one.doc, _FORMATS)) for one in found.parameters]
    shown = types.SignatureInformation(found.text, about.written(found.doc, _FORMATS), parameters)
    # Past the last parameter none is shown.
    active = found.active if found.active is not None else len(parameters)
    return types.SignatureHelp([shown], active_signature=0, active_parameter=active)
