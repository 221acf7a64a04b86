"""`Files`: unlabelled images whose paths match a pattern, in sorted order."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

from attrs import field, frozen

from feedline.runtime.cache.files import FILES, is_own
from feedline.runtime.columns import TextColumn
from feedline.runtime.sources.base import BadData, Role, Sample
from feedline.runtime.sources.binding import Binding
from feedline.runtime.sources.metadata import Columns, ImageFiles, escapes, folder

_LOOKED_AT = 10_000
"""Files that are looked at to say what a folder holds instead of what was asked for."""


@frozen(eq=False)
class UnlabelledFiles:
    """Image files; `path` is relative to the root."""

    files: ImageFiles
    columns: Columns
    classes: tuple[str, ...] | None = None
    role: Role = field(factory=lambda: Role(("image",)))

    def __len__(self) -> int:
        return len(self.files)

    def describe(self, index: int) -> str:
        """The image file."""
        return self.files.path(index)

    def read(self, index: int) -> Sample:
        """image and path."""
        return {"image": self.files.decode(index).image, "path": self.files.paths[index]}


def bind(binding: Binding) -> UnlabelledFiles:
    """`Files(pattern, root=".")`. Raises `BadData`."""
    root = folder(binding.get("root", "."))
    pattern = str(binding.args["pattern"])
    if escapes(pattern):
        raise BadData(
            f"the pattern `{pattern}` leaves the folder `{root}`",
            rule="FL604",
            help="give the folder as `root` and a pattern relative to it",
            argument="pattern",
        )
    try:
        paths = (path for path in Path(root).glob(pattern) if path.name not in FILES or not is_own(str(path.parent)))
        found = sorted(path.relative_to(root).as_posix() for path in paths if path.is_file())
    except (ValueError, NotImplementedError) as error:
        raise BadData(f"`{pattern}` is no pattern: {error}", rule="FL607", argument="pattern") from None
    if not found:
        raise BadData(
            f"no file in `{root}` matches `{pattern}`", rule="FL607", notes=_what_is_there(root), argument="pattern"
        )
    files = ImageFiles(root, TextColumn.of(found), binding.image_options())
    return UnlabelledFiles(files, Columns({"path": files.paths}, files.size_columns()))


def _what_is_there(root: str) -> tuple[str, ...]:
    looked_at = islice(Path(root).rglob("*"), _LOOKED_AT)
    endings = Counter(path.suffix for path in looked_at if path.is_file())
    if not endings:
        return ("the folder holds no files",)
    listing = ", ".join(f"{count:,} `*{ending}`" for ending, count in endings.most_common(5))
    return (f"the folder and those below it hold {listing}",)
