"""`feedline lsp`, the process: what it loads, how it is reached, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import client_capabilities, make_test_lsp_client
from sessions import Editor
from wire import Wire

from feedline.cli import main
from feedline.lsp.features import FEATURES
from feedline.lsp.server import Server
from feedline.lsp.settings import Settings, read

HEAVY = ("torch", "torchvision", "PIL", "pycocotools", "numpy")
TEXT = "dataset photos = FakeData(100)\nloader val from photos { sample { bach 8 } }\n"


def _modules() -> list[ModuleType]:
    return list(Server().features)


def test_the_server_and_its_features_load_nothing_heavy() -> None:
    """In a fresh interpreter, with everything that it registers."""
    show = f"import sys\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    code = f"from feedline.lsp.server import Server\nServer()\n{show}"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert "[]\n" == found.stdout


@pytest.mark.asyncio
async def test_a_session_loads_nothing_heavy_and_runs_no_code(tmp_path: Path) -> None:
    """Every feature asked once; the file's own Python is beside it and would leave a trace."""
    (tmp_path / "own.py").write_text("open('ran', 'w')\n")
    before = f"""
import atexit, os, sys
os.chdir({str(tmp_path)!r})
sys.path.insert(0, "")
atexit.register(lambda: open("loaded", "w").write(repr([n for n in {HEAVY!r} if n in sys.modules])))"""
    editor = await Editor.start("neovim", tmp_path, before=before)
    text = editor.open('dataset own = python("own:data")\n' + TEXT)
    await editor.diagnostics(text)
    place = {"line": 1, "character": 20}
    whole = {"start": {"line": 0, "character": 0}, "end": place}
    for module in _modules():
        method = getattr(module, "METHOD", "")
        if method.startswith("textDocument/"):
            params = {
                "textDocument": {"uri": text.uri}, "position": place, "range": whole, "positions": [place],
                "context": {"includeDeclaration": True, "diagnostics": [], "triggerKind": 1, "isRetrigger": False},
                "newName": "other",
                "options": {"tabSize": 2, "insertSpaces": True},
            }  # fmt: skip
            with contextlib.suppress(JsonRpcException):  # a refusal is an answer
                await editor.request(method, params)
    await editor.stop()
    assert "[]" == (tmp_path / "loaded").read_text()
    assert not (tmp_path / "ran").exists()


def test_every_feature_is_registered_once() -> None:
    """And every file of the package is one."""
    folder = Path(sys.modules["feedline.lsp.features"].__file__ or "").parent
    assert sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__") == sorted(FEATURES)
    methods = [module.METHOD for module in _modules() if hasattr(module, "METHOD")]
    assert len(methods) == len(set(methods))


@pytest.mark.asyncio
async def test_it_is_reached_by_tcp() -> None:
    """One client, at the address that it is given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "feedline", "lsp", "--tcp", f"127.0.0.1:{port}"]
    server = await asyncio.create_subprocess_exec(*command)
    client = make_test_lsp_client()
    async with asyncio.timeout(30):
        while True:
            try:
                await client.start_tcp("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.1)
    await client.initialize_session(types.InitializeParams(client_capabilities("neovim")))
    uri = "untitled:Untitled-1"
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "pipe", 1, TEXT)))
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
    report = await client.text_document_diagnostic_async(params)
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    assert ["FL001"] == [item.code for item in report.items]
    await client.shutdown_async(None)
    client.exit(None)
    assert 0 == await asyncio.wait_for(server.wait(), 20)


@pytest.mark.asyncio
@pytest.mark.parametrize("shutdown", [True, False])
async def test_the_exit_code_says_whether_it_was_told_to_go(shutdown: bool, tmp_path: Path) -> None:
    """As the protocol wants it: 0 after `shutdown`, else 1."""
    editor = await Editor.start("vscode", tmp_path)
    if shutdown:
        await editor.client.shutdown_async(None)
    editor.client.exit(None)
    process = editor.client._server
    assert process is not None
    assert (0 if shutdown else 1) == await asyncio.wait_for(process.wait(), 20)


def test_it_ends_when_its_client_is_gone() -> None:
    """An editor that crashed leaves no server behind."""
    done = subprocess.run([sys.executable, "-m", "feedline", "lsp"], input=b"", capture_output=True, timeout=30)
    assert (1, b"") == (done.returncode, done.stdout)


def test_nothing_is_answered_before_the_client_has_introduced_itself() -> None:
    """Nor is a text that comes too early a fault: the session goes on."""
    about = {"textDocument": {"uri": "untitled:1"}}
    wire = Wire.start("utf-32", introduced=False)
    wire.say(
        "textDocument/didOpen", {"textDocument": {**about["textDocument"], "languageId": "", "version": 1, "text": ""}}
    )
    with pytest.raises(AssertionError, match="-32002"):
        wire.ask("textDocument/hover", {**about, "position": {"line": 0, "character": 0}})
    wire.introduce("utf-32")
    assert [] == wire.ask("textDocument/foldingRange", about)
    assert 0 == wire.stop()


@pytest.mark.parametrize("address", ["nowhere", "host:port", "host:99999"])
def test_an_address_that_is_none_is_wrong_usage(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the form that is wanted."""
    assert 2 == main(["lsp", "--tcp", address])
    assert f"`{address}` is not of the form HOST:PORT" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rather than failing with an import."""
    monkeypatch.setitem(sys.modules, "pygls", None)
    assert 1 == main(["lsp"])
    assert "pip install 'feedline[lsp]'" in capsys.readouterr().err


@pytest.mark.parametrize("given", [None, 3, "x", [], {"feedline": None}, {"feedline": 3}, {"other": {"data": True}}])
def test_settings_that_say_nothing_are_the_usual_ones(given: object) -> None:
    """Clients send all kinds of things."""
    assert (Settings(), []) == read(given)


def test_settings_are_taken_bare_or_under_their_name() -> None:
    """In camel case, as editors have them."""
    given = {"data": True, "inlayHints": False, "codeLenses": False, "params": {"size": 8}}
    wanted = Settings(data=True, inlay_hints=False, code_lenses=False, params={"size": 8})
    assert (wanted, []) == read(given) == read({"feedline": given})
