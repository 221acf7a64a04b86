"""`feedline explain`: a page for people, JSON for programs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedline.cli import main
from feedline.cli.explained import Layout
from feedline.compiler import compile_source, read_source
from feedline.compiler.explain import explain, to_json
from feedline.dsl.diagnostics import Reporter, Rule
from feedline.dsl.rules import RULES
from feedline.dsl.source import SourceText

PIPES = sorted((Path(__file__).parents[2] / "examples").glob("*.pipe"))

TEXT = """\
param batch: int = 4
param file: path
dataset rows = Table(file, features=["a"], label="kind")
group rare = rows where kind == "crack"
split rows into train 75%, val rest stratified by kind
loader train from rows.train {
  sample { force 1 rare per batch with replacement; last drop }
  num_workers = 2
}
loader val from rows.val { sample { batch batch } }
"""

PAGE = """\
a.pipe

parameters
  batch: int  = 4 (default)
  file: path  = "rows.csv" (from the command line)

dataset rows = Table("rows.csv", label="kind", features=["a"])
  samples     40
  classes     2: crack, good
  a sample    features  float32 (1,)
              label     int64, 2 classes
  split       by size, stratified by `kind`, seed 0
              train  75%        30 samples, 75.0%
              val    rest       10 samples, 25.0%
  group       rare = kind == "crack"
              rows        8 of 40, 20.0%
              rows.train  6 of 30, 20.0%
              rows.val    2 of 10, 20.0%

loader train from rows.train, 30 samples
  each sample as it is read
  sampling
    every batch   4 samples: exactly 1 of `rare` and 3 others
    `rare`        with replacement: independent draws
    others        without replacement: each at most once an epoch (default)
    epoch         8 batches: one pass over the 24 others (default)
    last batch    left out where it is not full
    order         shuffled: a new one each epoch (default)
    places        shuffled: forced samples stand anywhere (default)
    ranks         each gets every W-th batch; a remainder is left out (default)
    seed          0: the same batches each run, on any machine (default)
  collate     stack (default)
  a batch
    batch[0]  float32 (4, 1)
    batch[1]  int64   (4,)
  options     num_workers = 2
  defaults    on error fail, worker_kind = auto, pin_memory = false,
              prefetch_factor = none, persistent_workers = false, timeout = 0.0,
              multiprocessing_context = none, device = cpu, verify = false,
              cache = off, optimize = exact
  workers     2 processes
  plan        as written
"""

IMAGES = """\
dataset photos = FakeData(size=20, image_size=(3, 40, 50), num_classes=3)
loader train from photos {
  transform {
    CenterCrop(32)
    views 2 { RandomHorizontalFlip(); ToDtype(float32, scale=true) }
  }
  sample { batch 4; order shuffled }
}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Write `a.pipe` and its rows, explain it, expect a code; standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{number},{'crack' if number % 5 == 0 else 'good'}" for number in range(40)]
    Path("rows.csv").write_text("\n".join(["a,kind", *rows]) + "\n")

    def explained(*arguments: str, text: str = TEXT, code: int = 0) -> Any:
        Path("a.pipe").write_text(text)
        given = ["-D", "file=rows.csv"] if text == TEXT else []
        assert code == main(["explain", "a.pipe", *given, *arguments])
        return capsys.readouterr()

    return explained


# ---- the page


def test_whole_page(run: Callable[..., Any]) -> None:
    """Everything, in the order of reading."""
    assert PAGE == run("--data", "--loader", "train").out


def test_without_data_no_number_is_guessed(run: Callable[..., Any]) -> None:
    """The length of an epoch is a formula, and the page says how to get more."""
    said = run().out
    assert "    epoch         floor(others / 3) batches: one pass over them (default)\n" in said
    assert "    epoch         ceil(samples / 4) batches: one pass over them (default)\n" in said
    assert "\n  samples " not in said
    assert said.endswith("\nwith --data: counts, lengths of epochs, sizes of images\n")


def test_types_after_every_step(run: Callable[..., Any]) -> None:
    """Beside each step, those of an inner chain on the way; a step that changes no type says so."""
    lines = [line.split("  ") for line in run(text=IMAGES).out.splitlines()]
    steps = {parts[-1].strip() for parts in lines if "CenterCrop(32)" in "".join(parts)}
    assert {"uint8 tensor, 3 x 32 x 32"} == steps
    table = {" ".join(" ".join(parts[:-1]).split()): parts[-1].strip() for parts in lines}
    assert "the same" == table["RandomHorizontalFlip()"]
    assert "float32, 0..1, 3 x 32 x 32" == table["ToDtype(float32, scale=true)"]
    assert "float32 (4, 3, 32, 32)" == table["batch[0][1]"]


def test_unknown_is_said(run: Callable[..., Any]) -> None:
    """After the user's own code nothing is known, and the page does not pretend."""
    text = IMAGES.replace("CenterCrop(32)", 'python("my.code:Step")')
    said = run("--allow-python", text=text).out
    assert '    python("my.code:Step")                  unknown\n' in said
    assert "    batch[0]  unknown\n" in said


def test_arguments_that_were_left_out(run: Callable[..., Any]) -> None:
    """`--defaults` shows them below their step."""
    assert "p = 0.5" not in run(text=IMAGES).out
    said = run("--defaults", text=IMAGES).out
    assert "          p = 0.5\n" in said
    assert '  defaults    random_offset = 0, mode = "RGB", image_backend = "tensor"\n' in said


def test_where_parameters_come_from(run: Callable[..., Any]) -> None:
    """From the file, a parameter file or the command line."""
    Path("p.toml").write_text("batch = 8\n")
    said = run("--params", "p.toml").out
    assert '  batch: int  = 8 (from p.toml)\n  file: path  = "rows.csv" (from the command line)\n' in said


def test_one_loader_and_its_data(run: Callable[..., Any]) -> None:
    """`--loader` leaves out the others and what only they read."""
    text = IMAGES + "dataset others = FakeData(size=3)\nloader val from others {}\n"
    said = run("--loader", "val", text=text).out
    assert ("loader val from others" in said, "photos" in said) == (True, False)


def test_stages(run: Callable[..., Any]) -> None:
    """Each stage has its own lines; seed and ranks are said once."""
    text = IMAGES.replace("order shuffled", "from epoch 5 { batch 4; balance by label }")
    said = run(text=text).out
    assert "  sampling from epoch 5\n    every batch   4 samples\n" in said
    assert 1 == said.count("    seed ")


def test_file_without_loaders(run: Callable[..., Any]) -> None:
    """What is declared is explained; a file of constants says that it declares nothing more."""
    assert "dataset photos = FakeData(" in run(text="dataset photos = FakeData(size=4)\n").out
    assert "a.pipe\nit declares no data and no loader\n" == run(text="let a = 1\n").out


@pytest.mark.parametrize("path", PIPES, ids=lambda path: path.stem)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_page(path: Path, width: int) -> None:
    """For every example, with and without defaults."""
    source = read_source(str(path), Reporter())
    assert source is not None
    program = compile_source(source).program
    assert program is not None
    for defaults in (False, True):
        lines = [line.plain for line in Layout(width, defaults).page(explain(program))][1:]
        assert [] == [line for line in lines if len(line.rstrip()) > width]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_good_snippet_can_be_explained(rule: type[Rule]) -> None:
    """Every form of the language has words and JSON, and fits a narrow page."""
    program = compile_source(SourceText("<text>", rule.good), allow_python=True).program
    if program is not None:
        json.dumps(to_json(explain(program)))
        lines = [line.plain.rstrip() for line in Layout(60, defaults=True).page(explain(program))]
        assert [] == [line for line in lines if len(line) > 60]


@pytest.mark.parametrize(
    ("source", "options", "cpus", "expected"),
    [
        ('ImageFolder("x")', "num_workers = auto", 3, "  workers     3 threads on this machine\n"),
        (
            'ImageFolder("x")',
            "num_workers = auto; worker_kind = process",
            1,
            "  workers     1 process on this machine\n",
        ),
        ('ImageFolder("x")', "num_workers = 4", 3, "  workers     4 threads\n"),
        ('MNIST("x")', "num_workers = auto", 3, "  workers     none: a batch is gathered sooner than a worker"),
        ('MNIST("x")', "num_workers = 2; optimize = off", 3, "  workers     2 processes\n"),
    ],
)
def test_what_auto_becomes(
    source: str, options: str, cpus: int, expected: str, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many workers, and of which kind; that it depends on the machine where it does."""
    monkeypatch.setattr("feedline.compiler.worker_kind.processors", lambda: cpus)
    chain = "transform { ToImage(); CenterCrop(8); ToDtype(float32, scale=true) }; sample { batch 4 }"
    assert expected in run(text=f"dataset d = {source}\nloader a from d {{ {chain}; {options} }}\n").out


def test_no_workers_are_no_line(run: Callable[..., Any]) -> None:
    """Unless they were asked for."""
    assert "  workers " not in run(text=IMAGES).out


def test_piped_output_is_plain(run: Callable[..., Any]) -> None:
    """No colours, no white space at the ends of lines."""
    said = run().out
    assert "\x1b" not in said
    assert [] == [line for line in said.splitlines() if line != line.rstrip()]


# ---- what prevents a page


def test_unknown_loader(run: Callable[..., Any]) -> None:
    """Wrong usage, with the near name."""
    assert "did you mean `train`?" in run("--loader", "trian", code=2).err


def test_missing_parameter(run: Callable[..., Any]) -> None:
    """The diagnostic takes the place of the page."""
    found = run(text="param size: int\ndataset photos = FakeData(size=size)\n", code=1)
    assert ("", True) == (found.out, "`size`" in found.err)


def test_file_with_an_error(run: Callable[..., Any]) -> None:
    """Nothing is explained: half of a page would mislead."""
    found = run(text=IMAGES.replace("CenterCrop", "CentreCrop"), code=1)
    assert ("", True) == (found.out, found.err.startswith("error[FL115]"))


def test_warnings_come_beside_the_page(run: Callable[..., Any]) -> None:
    """On standard error, and the exit code is 0."""
    found = run(text="param unused: int = 3\n" + IMAGES)
    assert ("loader train" in found.out, "never used" in found.err) == (True, True)


def test_data_that_is_not_there(run: Callable[..., Any]) -> None:
    """With `--data` that is an error; without it the file can still be explained."""
    text = 'dataset photos = ImageFolder("nowhere")\nloader train from photos {}\n'
    assert "ImageFolder" in run(text=text).out
    found = run("--data", text=text, code=1)
    assert ("", True) == (found.out, found.err.startswith("error[FL601]"))


# ---- json

SCHEMA: dict[str, Any] = {
    "format_version": 0, "feedline": "", "path": "", "diagnostics": [], "counts": {},
    "page": {
        "path": "", "folder": "", "data": True,
        "params": [{"name": "", "type": "", "value": "", "origin": "", "where": ""}],
        "datasets": [{
            "name": "", "source": "", "settings": [{"name": "", "value": "", "default": True}],
            "sample": {"fields": [{"name": "", "types": [""]}], "complete": True},
            "split": "", "parts": [{"name": "", "size": "", "samples": 0}], "samples": 0, "classes": [""],
        }],
        "groups": [{
            "name": "", "dataset": "", "condition": "", "counts": [{"of": "", "samples": 0, "whole": 0}],
        }],
        "loaders": [{
            "name": "", "data": "", "samples": 0,
            "sample": {"fields": [{"name": "", "types": [""]}], "complete": True},
            "steps": [{
                "kind": "", "text": "", "defaults": [{"name": "", "value": "", "default": True}],
                "sample": {"fields": [{"name": "", "types": [""]}], "complete": True}, "changed": [""],
                "chains": [{"title": "", "steps": []}],
            }],
            "batch_steps": [],
            "policies": [{
                "from_epoch": 0, "batch_size": 0, "batches": 0,
                "lines": [{"topic": "", "text": "", "default": True, "guarantee": ""}], "statements": [""],
            }],
            "collate": {"name": "", "value": "", "default": True},
            "batch": [{"path": "", "dtype": "", "shape": [0]}],
            "settings": [{"name": "", "value": "", "default": True}],
            "workers": {"count": 0, "kind": "", "auto": True},
            "plan": [{"name": "", "text": ""}],
        }],
    },
}  # fmt: skip


def strays(found: Any, schema: Any, path: str = "$") -> list[str]:
    """Where JSON is of another form than the schema, whose values stand for their types; any value may be null."""
    if found is None:
        return []
    if type(found) is not type(schema):
        return [f"{path}: {type(found).__name__}"]
    if isinstance(schema, dict) and schema:
        if [*found] != [*schema] and sorted(found) != sorted(schema):
            return [f"{path}: {', '.join(found)}"]
        return [stray for name in schema for stray in strays(found[name], schema[name], f"{path}.{name}")]
    if isinstance(schema, list) and schema:
        return [stray for item in found for stray in strays(item, schema[0], f"{path}[]")]
    return []


@pytest.mark.parametrize("text", [TEXT, IMAGES], ids=["table", "images"])
@pytest.mark.parametrize("data", [(), ("--data",)], ids=["text", "data"])
def test_json_schema(text: str, data: tuple[str, ...], run: Callable[..., Any]) -> None:
    """These names and types are a promise of format version 1; counts are null without the data."""
    found = json.loads(run("--json", *data, text=text).out)
    assert ([], 1) == (strays(found, SCHEMA), found["format_version"])
    numbers = [found["page"]["loaders"][0]["samples"], found["page"]["loaders"][0]["policies"][0]["batches"]]
    assert [bool(data)] * 2 == [number is not None for number in numbers]


def test_json_of_a_file_with_an_error(run: Callable[..., Any]) -> None:
    """No page, and why."""
    found = json.loads(run("--json", text="loader train from nothing {}\n", code=1).out)
    assert (None, ["FL102"]) == (found["page"], [item["code"] for item in found["diagnostics"]])


def test_explaining_a_file_imports_no_torch(tmp_path: Path) -> None:
    """Without `--data` the answer comes in tenths of a second."""
    (tmp_path / "a.pipe").write_text(IMAGES)
    script = (
        "import sys\nfrom feedline.cli import main\nassert main(['explain', 'a.pipe']) == 0\n"
        "print(*[name for name in ('torch', 'numpy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "" == done.stdout.splitlines()[-1]
