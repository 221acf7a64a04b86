"""What a file's data hold, counted by `feedline explain --data` in another process: this one imports no torch.

That process reads metadata alone, no pixels, and runs no code of the user's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys

from feedline.compiler.ide.known import KnownData

LONG = 120.0
"""Seconds after which the data are left uncounted."""

log = logging.getLogger(__name__)


async def count(path: str) -> KnownData | None:
    """What is known of the data of the file at `path`. None where that cannot be said, as in a file with an error."""
    if not os.path.isfile(path):
        return None
    command = (sys.executable, "-m", "feedline", "explain", "--data", "--json", path)
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=pipe, stderr=nothing)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), LONG)
        page = json.loads(output)["page"]
    except (TimeoutError, ValueError, KeyError):
        log.info("the data of %s are not counted", path)
        return None
    finally:
        if process.returncode is None:
            process.kill()
    return None if page is None else KnownData.from_page(page)
