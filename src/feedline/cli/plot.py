"""The picture of `feedline verify --plot`: what batches hold beside plain shuffling, and how often samples come."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedline.cli.proof import percent
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.promises import PlotNeedsMatplotlib, PlotNotWritten
from feedline.runtime.verify.report import GroupFacts, Proof, Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GROUPS = 4
"""Groups of a loader that get a panel of bars."""
_COLOURS = ("#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d")
_OTHER, _EMPTY, _PLAIN = "#d9dde2", "#ffffff", "#9aa5b1"


def write_plot(proof: Proof, path: str, reporter: Reporter) -> None:
    """Draw what was found into a file whose ending says the format; what prevents it goes to the reporter.

    The file is written beside its place and moved there, so that a picture is whole or not there at all."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        reporter.report(
            PlotNeedsMatplotlib, path, "`--plot` needs matplotlib, which is not installed",
            help='`pip install "feedline[plot]"`',
        )  # fmt: skip
        return
    target = Path(path)
    beside = target.parent / f".feedline-plot.{os.getpid()}"
    try:
        if not target.name:
            raise ValueError("it is not the name of a file")
        figure = Figure(figsize=(12, 4.6 * len(proof.sections) + 0.3), layout="constrained")
        parts = figure.subfigures(len(proof.sections), 1, squeeze=False)[:, 0]
        for part, section in zip(parts, proof.sections, strict=True):
            _draw(part, section)
        figure.savefig(beside, dpi=130, format=target.suffix.removeprefix(".") or "png")
        beside.replace(target)
    except (OSError, ValueError) as error:
        with suppress(OSError):  # a folder that is none
            beside.unlink(missing_ok=True)
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        reporter.report(PlotNotWritten, path, f"the plot cannot be written to `{path}`: {why}")


def _draw(figure: Any, section: Section) -> None:
    """One loader: a row of bars for its groups and the histogram, below them the strip."""
    shown = section.groups[:-1][:_GROUPS]
    epochs = f"{len(section.epochs)} epoch{'s' if len(section.epochs) > 1 else ''}"
    figure.suptitle(
        f"{section.title}: {section.batches:,} batches of {section.batch} in {epochs}, {section.samples:,} samples",
        fontsize=13, fontweight="bold", x=0.01, ha="left",
    )  # fmt: skip
    columns = max(len(shown) + 1, 2)
    grid = figure.add_gridspec(2, columns, height_ratios=(1.5, 1))
    for number, group in enumerate(shown):
        _bars(figure.add_subplot(grid[0, number]), group, section, _COLOURS[number % len(_COLOURS)])
    _histogram(figure.add_subplot(grid[0, len(shown) :]), section)
    _strip(figure.add_subplot(grid[1, :]), section)


def _bars(axes: Axes, group: GroupFacts, section: Section, colour: str) -> None:
    """The share of batches that hold 0, 1, ... of a group: here, and under plain shuffling."""
    here = [count / max(section.batches, 1) * 100 for count in group.counts]
    plain = [share * 100 for share in group.plain_counts]
    last = max(at for at in range(len(here)) if at < 2 or here[at] >= 0.05 or (at < len(plain) and plain[at] >= 0.05))
    places = range(last + 1)
    plain = (plain + [0.0] * len(here))[: last + 1]
    axes.bar([at - 0.2 for at in places], here[: last + 1], 0.4, color=colour, label="this policy")
    axes.bar([at + 0.2 for at in places], plain, 0.4, color=_PLAIN, label="plain shuffling")
    axes.set_title(
        f"{group.group}: {group.samples:,} of {section.samples:,} samples\n"
        f"none in {percent(group.without)} of batches, plain shuffling {percent(group.plain_without)}",
        fontsize=9.5, loc="left",
    )  # fmt: skip
    axes.set_xlabel("samples of the group in a batch")
    axes.set_ylabel("% of batches")
    axes.set_xticks(list(places) if last <= 16 else list(range(0, last + 1, -(-last // 12))))
    axes.set_ylim(0, max(*here, *plain) * 1.3)
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= 100])
    axes.legend(fontsize=8, frameon=False, loc="upper right", ncols=2)
    _plain_frame(axes)


def _histogram(axes: Axes, section: Section) -> None:
    """How many samples come 0, 1, 2, ... times an epoch."""
    epochs = max(len(section.epochs), 1)
    samples = [count / epochs for count in section.times]
    axes.bar(range(len(samples)), samples, 0.8, color="#4c78a8")
    never = samples[0] if samples else 0
    title = "How often one sample comes in an epoch"
    missing = f"{never:,.0f} of {section.samples:,} samples do not come" if never else "every sample comes"
    axes.set_title(f"{title}\n{missing}", fontsize=9.5, loc="left")
    axes.set_xlabel("times in an epoch")
    axes.set_ylabel("samples (log scale)")
    axes.set_yscale("symlog", linthresh=1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylim(0, max(samples, default=1) * 2)
    axes.set_xlim(-0.6, max(len(samples) - 0.4, 2.6))
    axes.locator_params(axis="x", integer=True)
    _plain_frame(axes)


def _strip(axes: Axes, section: Section) -> None:
    """The first batches as columns of coloured places."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    names = [group.group for group in section.groups[:-1]]
    colours = [_COLOURS[number % len(_COLOURS)] for number in range(len(names))]
    cells = [[place + 2 for place in batch] for batch in section.strip] or [[0]]
    columns = [list(column) for column in zip(*cells, strict=True)]
    palette = ListedColormap([_EMPTY, _OTHER, *colours])
    axes.pcolormesh(columns, cmap=palette, vmin=0, vmax=len(names) + 2, edgecolors="white", linewidth=0.6)
    axes.invert_yaxis()
    axes.set_title(f"The first {len(section.strip)} batches, one a column, place by place", fontsize=9.5, loc="left")
    axes.set_xlabel(f"batch of epoch {section.epochs[0] if section.epochs else 0}")
    axes.set_ylabel("place")
    axes.set_yticks([0.5, section.batch - 0.5], ["0", str(section.batch - 1)])
    ticks = range(0, len(section.strip), 5)
    axes.set_xticks([at + 0.5 for at in ticks], [str(at) for at in ticks])
    keys = [Patch(color=colour, label=name) for name, colour in zip(names[:8], colours, strict=False)]
    keys.append(Patch(color=_OTHER, label="any other sample"))
    if any(0 in batch for batch in cells):
        keys.append(Patch(facecolor=_EMPTY, edgecolor=_PLAIN, label="no sample"))
    axes.legend(handles=keys, fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(keys))
    _plain_frame(axes, left=False)


def _plain_frame(axes: Axes, left: bool = True) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if not left:
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(length=0)
