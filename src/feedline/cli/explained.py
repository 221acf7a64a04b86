"""How a page is shown to people: sections of lines no wider than the terminal, what matters less dim."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from feedline.cli.output import emit, wants_color
from feedline.compiler.explain import pages
from feedline.compiler.explain.text import share_text
from feedline.compiler.sample_types.words import shape_words

_WIDEST, _NARROWEST, _PIPED = 100, 60, 80
_LABEL = 12
"""Cells of the labels at the left of a section."""
_TOPIC = 14
"""Cells of the topics of a policy."""
_HARD = "\N{NO-BREAK SPACE}"
_CLASSES = 12
"""Class names that are listed; of more, only how many there are."""


def print_page(page: pages.Page, defaults: bool) -> None:
    """Write the page to standard output."""
    terminal = bool(sys.stdout and sys.stdout.isatty())
    width = max(_NARROWEST, min(Console().width, _WIDEST)) if terminal else _PIPED
    console = Console(
        width=width, force_terminal=wants_color(sys.stdout), no_color=not wants_color(sys.stdout), highlight=False
    )
    with console.capture() as written:
        for line in Layout(width, defaults).page(page):
            console.print(line, soft_wrap=True)
    emit("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


@frozen
class Layout:
    """Lays a page out in lines of at most `width` cells. `defaults`: with every argument that was left out."""

    width: int
    defaults: bool = False

    def page(self, page: pages.Page) -> Iterator[Text]:
        """All lines."""
        yield Text(page.path, "bold")
        if page.params:
            yield from self._params(page.params)
        for dataset in page.datasets:
            groups = [group for group in page.groups if group.dataset == dataset.name]
            yield from self._dataset(dataset, groups, page.loaders)
        for loader in page.loaders:
            yield from self._loader(loader)
        if not page.datasets and not page.loaders:
            yield Text("it declares no data and no loader", "dim")
        yield from self._closing(page)

    def _closing(self, page: pages.Page) -> Iterator[Text]:
        words: list[str] = []
        if any(None in (part.shape or ()) for loader in page.loaders for part in loader.batch):
            words.append("? differs from batch to batch, or is not known")
        if not page.data and page.datasets:
            words.append("with --data: counts, lengths of epochs, sizes of images")
        if words:
            yield Text()
        yield from (Text(line, "dim") for line in words)

    # ---- pieces

    def _heading(self, word: str, text: str) -> Iterator[Text]:
        yield Text()
        for number, line in enumerate(_wrap(text, self.width - len(word) - 1)):
            yield Text.assemble((word if not number else " " * len(word), "bold cyan"), " ", (line, "bold"))

    def _row(
        self, label: str, text: str, *, at: int = 2, size: int = _LABEL, style: str = "", tail: str = ""
    ) -> Iterator[Text]:
        """A label and a text beside it, which goes on below itself; `tail` follows dim."""
        start = at + size
        if cell_len(label) >= size:
            yield Text.assemble(" " * at, (label, "cyan"))
            label = ""
        # A default is said beside its last word, never alone on a line.
        lines = _wrap(text + (f"{_HARD}({tail})" if tail else ""), self.width - start)
        for number, line in enumerate(lines):
            made = Text(" " * at)
            made.append(_padded(label if not number else "", size), "cyan")
            made.append(line, style)
            if tail:
                made.highlight_words([f"({tail})"], "dim")
            yield made

    # ---- parameters and data

    def _params(self, params: Sequence[pages.Param]) -> Iterator[Text]:
        yield Text()
        yield Text("parameters", "bold cyan")
        size = max(len(f"{item.name}: {item.type}") for item in params) + 2
        for item in params:
            origin = "default" if item.origin == "default" else f"from the {item.origin}"
            origin = f"from {item.where}" if item.where else origin
            yield from self._row(f"{item.name}: {item.type}", f"= {item.value}", size=size, tail=origin)

    def _dataset(
        self, dataset: pages.Dataset, groups: Sequence[pages.Group], loaders: Sequence[pages.Loader]
    ) -> Iterator[Text]:
        yield from self._heading("dataset", f"{dataset.name} = {dataset.source}")
        if self.defaults and dataset.settings:
            yield from self._row("defaults", _settings(dataset.settings), style="dim")
        if dataset.samples is not None:
            yield from self._row("samples", f"{dataset.samples:,}")
        if dataset.classes is not None:
            yield from self._row("classes", _classes(dataset.classes))
        yield from self._sample(dataset.sample)
        if dataset.split is not None:
            yield from self._row("split", dataset.split)
            yield from self._parts(dataset)
        for group in groups:
            # A group that a policy made has its condition for a name.
            made = group.name if " " in group.name else f"{group.name} = {group.condition}"
            yield from self._row("group", made)
            yield from self._counts(group)

    def _sample(self, sample: pages.SampleType) -> Iterator[Text]:
        fields = [field for field in sample.fields if field.name != "index"]
        size = max((len(field.name) for field in fields), default=0) + 2
        lines = [line for field in fields for line in self._row(field.name, _types(field), at=2 + _LABEL, size=size)]
        if not sample.complete:
            said = "and fields that only the data can tell" if fields else "known only from the data"
            lines.append(Text(" " * (2 + _LABEL) + said, "dim"))
        yield from self._labelled("a sample", lines)

    def _labelled(self, label: str, lines: Iterable[Text]) -> Iterator[Text]:
        """Lines that are indented already, with a label at the left of the first."""
        for number, line in enumerate(lines):
            yield line if number else Text.assemble("  ", (_padded(label, _LABEL), "cyan"), line[2 + _LABEL :])

    def _parts(self, dataset: pages.Dataset) -> Iterator[Text]:
        if not dataset.parts:
            return
        size = max(len(part.name) for part in dataset.parts) + 2
        widest = max(len(part.size) for part in dataset.parts) + 2
        for part in dataset.parts:
            text = part.size
            if part.samples is not None and dataset.samples:
                share = share_text(part.samples / dataset.samples)
                text = f"{part.size:<{widest}}{part.samples:>7,} samples, {share}"
            yield from self._row(part.name, text, at=2 + _LABEL, size=size)

    def _counts(self, group: pages.Group) -> Iterator[Text]:
        size = max((len(count.of) for count in group.counts), default=0) + 2
        for count in group.counts:
            text = f"{count.samples:,} of {count.whole:,}, {share_text(count.share)}"
            yield from self._row(count.of, text, at=2 + _LABEL, size=size)

    # ---- loaders

    def _loader(self, loader: pages.Loader) -> Iterator[Text]:
        counted = "" if loader.samples is None else f", {loader.samples:,} samples"
        yield from self._heading("loader", f"{loader.name} from {loader.data}{counted}")
        if loader.steps:
            yield from self._chain("each sample", loader.steps, loader.sample)
        else:
            yield from self._row("each sample", "as it is read")
        if loader.batch_steps:
            yield from self._chain("each batch", loader.batch_steps, None)
        for policy in loader.policies:
            yield from self._policy(policy)
        yield from self._batch(loader)
        yield from self._settings(loader)
        if loader.workers.count or loader.workers.auto:
            yield from self._row("workers", _workers(loader.workers))
        if not loader.plan:
            yield from self._row("plan", "as written")
        for number, done in enumerate(loader.plan):
            yield from self._row("" if number else "plan", f"{done.name}: {done.text}")

    def _chain(self, label: str, steps: Sequence[pages.Step], sample: pages.SampleType | None) -> Iterator[Text]:
        yield Text.assemble("  ", (label, "cyan"))
        if sample is not None:
            read = _changes(sample, ("image",)) or ["see above" if sample.fields else "unknown"]
            yield from self._step("as read", read, 4, "dim", dim=not sample.fields)
        yield from self._steps(steps, 4)

    def _steps(self, steps: Sequence[pages.Step], at: int) -> Iterator[Text]:
        for step in steps:
            now = _now(step)
            yield from self._step(step.text, now, at, dim=now in (["unknown"], ["the same"]))
            if self.defaults and step.defaults:
                for line in _wrap(_settings(step.defaults), self.width - at - 4):
                    yield Text(" " * (at + 4) + line, "dim")
            for chain in step.chains:
                if chain.title:
                    yield Text(" " * (at + 2) + chain.title, "dim")
                yield from self._steps(chain.steps, at + (4 if chain.title else 2))

    def _step(self, text: str, now: Sequence[str], at: int, style: str = "", dim: bool = False) -> Iterator[Text]:
        """A step at the left and the sample after it at the right."""
        middle = self.width // 2 + 4
        left = _wrap(text, middle - at - 1, hang=2)
        right = [line for item in now for line in _wrap(item, self.width - middle, hang=2)]
        for number in range(max(len(left), len(right))):
            line = Text(" " * at)
            line.append(_padded(left[number] if number < len(left) else "", middle - at), style)
            line.append(right[number] if number < len(right) else "", "dim" if dim else "green")
            yield line

    def _policy(self, policy: pages.Policy) -> Iterator[Text]:
        title = f"sampling from epoch {policy.from_epoch}" if policy.from_epoch else "sampling"
        yield Text.assemble("  ", (title, "cyan"))
        for line in policy.lines:
            yield from self._row(line.topic, line.text, at=4, size=_TOPIC, tail="default" if line.default else "")

    def _batch(self, loader: pages.Loader) -> Iterator[Text]:
        yield from self._row("collate", loader.collate.value, tail="default" if loader.collate.default else "")
        size = max(len(part.path) for part in loader.batch) + 2
        wide = max(len(part.dtype or "") for part in loader.batch)
        yield Text.assemble("  ", ("a batch", "cyan"))
        for part in loader.batch:
            shape = shape_words(part.shape) if part.shape is not None else ""
            yield from self._row(part.path, f"{part.dtype or 'unknown':<{wide}} {shape}".rstrip(), at=4, size=size)

    def _settings(self, loader: pages.Loader) -> Iterator[Text]:
        given = [setting for setting in loader.settings if not setting.default]
        if given:
            yield from self._row("options", _settings(given))
        yield from self._row("defaults", _settings([item for item in loader.settings if item.default]), style="dim")


def _settings(settings: Iterable[pages.Setting]) -> str:
    """`num_workers = 2, on error fail`, each kept together."""
    texts = (f"{item.name} {'' if item.name == 'on error' else '= '}{item.value}" for item in settings)
    return ", ".join(text.replace(" ", _HARD) for text in texts)


def _workers(workers: pages.Workers) -> str:
    """`2 threads on this machine`."""
    if workers.kind is None:
        return "none: a batch is gathered sooner than a worker could send it"
    plural = {"thread": "s", "process": "es"}[workers.kind] if workers.count > 1 else ""
    return f"{workers.count} {workers.kind}{plural}{' on this machine' if workers.auto else ''}"


def _classes(names: Sequence[str]) -> str:
    shown = ", ".join(name.replace(" ", _HARD) for name in names[:_CLASSES])
    return f"{len(names):,}: {shown}{', ...' if len(names) > _CLASSES else ''}"


def _types(field: pages.FieldType) -> str:
    return " or ".join(field.types) or "unknown"


def _now(step: pages.Step) -> list[str]:
    """What a sample is after a step, a line a field."""
    if step.sample is None:
        return []
    if not step.sample.fields:
        return ["unknown"]
    if step.kind == "views" and len(step.chains) > 1:
        return ["a tuple of the views"]
    return _changes(step.sample, step.changed) or ["the same"]


def _changes(sample: pages.SampleType, changed: Sequence[str]) -> list[str]:
    """The fields that a step changed; the image, where it is the only one, without its name."""
    fields = {field.name: field for field in sample.fields}
    texts = [
        f"{name}: {_types(fields[name])}" if name in fields else f"{name}: gone" for name in changed if name != "image"
    ]
    if "image" in changed and "image" in fields:
        image = _types(fields["image"])
        texts.insert(0, f"image: {image}" if texts else image)
    return texts


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _wrap(text: str, width: int, hang: int = 0) -> list[str]:
    """Lines of at most `width`, broken between words, but not within short brackets."""
    whole = rf"[(\[][^()\[\]]{{,{max(width - 16, 8)}}}[)\]]|`[^`]{{,24}}`|\d+( x \d+)+"
    kept = re.sub(whole, lambda match: match[0].replace(" ", _HARD), text)
    lines = textwrap.wrap(
        kept, max(width, 16), subsequent_indent=" " * hang, break_on_hyphens=False, break_long_words=True
    )
    return [line.replace(_HARD, " ") for line in lines] or [""]
