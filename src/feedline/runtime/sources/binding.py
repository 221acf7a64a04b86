"""What every family of sources is bound with: the call's arguments as Python values, and where warnings go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from feedline.runtime.sources.base import BadData
from feedline.runtime.sources.images import MODES, ImageOptions, Mode

OPTIONS = ("mode", "image_backend", "exif")
"""Arguments that every image source has beside its own."""


@frozen
class Binding:
    """One source call on its way to a `Source`. Arguments are plain Python values by name, defaults included."""

    name: str
    args: Mapping[str, Any]
    warn: Callable[[BadData], None]
    positional: tuple[Any, ...] = ()
    """Arguments without a name: those of user code."""
    target: str | None = None
    allow_python: bool = False
    folder_parts: tuple[str, ...] | None = None
    """The folder names that `split ... by folder` divides this source by."""
    tolerant: bool = False
    """Whether every loader of this source can do without a missing image (`on error skip` or `replace`)."""

    def get(self, name: str, default: Any = None) -> Any:
        """An argument's value, or `default` where it is absent or `none`."""
        value = self.args.get(name)
        return default if value is None else value

    def image_options(self, mode: Mode = "RGB") -> ImageOptions:
        """How to decode, from `mode`, `image_backend` and `exif`; `mode` is the source's own default."""
        backend = "pil" if self.get("image_backend", "tensor") == "pil" else "tensor"
        given = self.get("mode", mode)
        # Two classes of torchvision have a `mode` of their own that means something else.
        return ImageOptions(given if given in MODES else mode, backend, bool(self.get("exif", True)))
