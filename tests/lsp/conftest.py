"""A language server for each file of tests here, and for each kind of editor.

A file that uses it says `pytestmark = pytest.mark.asyncio(loop_scope="module")`: its tests share the server's loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sessions import KINDS, Editor


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS)
async def editor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """An editor with a server of its own. Each test opens texts of its own."""
    editor = await Editor.start(request.param, tmp_path_factory.mktemp("lsp"))
    yield editor
    await editor.stop()
