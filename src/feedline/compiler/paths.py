"""Paths that a file names: relative to the folder of the file that holds them, absolute in the Program."""

from __future__ import annotations

import os.path
from pathlib import Path


def absolute(path: str, folder: Path) -> str:
    """`path` as an absolute path without `.` and `..`: `~` is the home folder, a relative path starts at `folder`."""
    return os.path.normpath(folder.absolute() / os.path.expanduser(path)) if path else path  # never raises


def folder_of(path: str) -> Path:
    """The folder that relative paths of a text start from: where its file is, the working directory for plain text."""
    if path.startswith("<"):
        return Path.cwd()
    return Path(path).absolute().parent


def shown_from(path: str, folder: str) -> str:
    """An absolute path, relative (`./images`) where it lies below `folder`, so that both may move together."""
    return "./" + path[len(folder) + 1 :] if path.startswith(folder + os.path.sep) else path
