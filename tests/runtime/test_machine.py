"""What the machine at hand says of a loader."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import feedline
from feedline.compiler import compile_source
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.dsl.source import SourceText
from feedline.runtime import machine
from feedline.runtime.pipeline import bind

DATA = "dataset d = FakeData(size=64, image_size=(3, 64, 64))\n"
SPAWNED = "  num_workers = 1\n  multiprocessing_context = spawn\n}\n"


def _said(text: str) -> list[Diagnostic]:
    """What is said when the data is opened."""
    result = compile_source(SourceText("a.pipe", text), allow_python=True)
    assert result.program is not None
    reporter = Reporter(result.sources)
    bind(result.program, reporter, allow_python=True)
    return reporter.diagnostics


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code of a user: what workers can import, and what they cannot."""
    (tmp_path / "own_code.py").write_text(
        "def invert(image): return 255 - image\n"
        "short = lambda image: 255 - image\n"
        "def make(by=1):\n    def inner(image): return image\n    return inner\n"
        "made = make()\n"
        "def data():\n"
        "    class Local:\n"
        "        def __len__(self): return 4\n"
        "        def __getitem__(self, at): return at\n"
        "    return Local()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_code", raising=False)


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (64_000_000, ["FL361"]),
        (100_000_000, []),
    ],
)
def test_shared_memory(monkeypatch: pytest.MonkeyPatch, free: int, expected: list[str]) -> None:
    """4 workers with 3 batches of 128 float images of 3 x 64 x 64 each: 75.5 MB and their labels."""
    monkeypatch.setattr(machine, "free_shared_memory", lambda: free)
    chain = "transform { ToDtype(float32, scale=true) }\n  sample { batch 128 }"
    found = _said(f"{DATA}loader l from d {{\n  {chain}\n  num_workers = 4\n  prefetch_factor = 3\n}}\n")
    assert expected == [item.code for item in found]
    if found:
        assert "4 workers hold 12 batches of 6.3 MB ready, 75.5 MB in all" in found[0].message
        assert "64.0 MB left" in found[0].message


def test_no_workers_need_no_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a batch of unknown size count."""
    monkeypatch.setattr(machine, "free_shared_memory", lambda: 0)
    assert [] == _said(f"{DATA}loader l from d {{ sample {{ batch 8 }} }}\n")


def test_pin_memory_without_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hint, and none where there is an accelerator or `pin_memory` is off."""
    text = DATA + "loader l from d {{ pin_memory = {} }}\n"
    monkeypatch.setattr("torch.accelerator.is_available", lambda: False)
    assert [("FL360", "hint")] == [(item.code, item.severity) for item in _said(text.format("true"))]
    assert [] == _said(text.format("false"))
    monkeypatch.setattr("torch.accelerator.is_available", lambda: True)
    assert [] == _said(text.format("true"))


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("own_code:short", "it is a `lambda`"),
        ("own_code:made", "it is made inside a function"),
    ],
)
def test_local_steps_for_spawned_workers(module: None, target: str, why: str) -> None:
    """Python cannot send them, and the message says what they are."""
    (found,) = _said(f'{DATA}loader l from d {{\n  transform {{ python("{target}") }}\n{SPAWNED}')
    assert ("FL359", 3) == (found.code, found.line)
    assert f"`{target}` cannot be sent to worker processes: {why}" == found.message


def test_local_data_and_collate_for_spawned_workers(module: None) -> None:
    """A dataset of a class made inside a function, a `lambda` that collates."""
    (found,) = _said('dataset d = python("own_code:data")\nloader l from d {\n' + SPAWNED)
    assert ("FL359", 1) == (found.code, found.line)
    (found,) = _said(f'{DATA}loader l from d {{\n  collate python("own_code:short")\n{SPAWNED}')
    assert ("FL359", 3) == (found.code, found.line)


def test_what_spawned_workers_can_import(module: None) -> None:
    """A function with a name of its own, and a factory registered inside a function whose product has one."""

    @feedline.transform("TestMachineFactory")
    def factory(p: float) -> object:
        from torchvision.transforms import v2

        return v2.RandomInvert(p)

    steps = 'python("own_code:invert"); TestMachineFactory(0.5)'
    assert [] == _said(f"{DATA}loader l from d {{\n  transform {{ {steps} }}\n{SPAWNED}")


def test_forked_workers_have_everything(module: None) -> None:
    """They share the memory of the process that starts them."""
    forked = SPAWNED.replace("spawn", "fork")
    assert [] == _said(f'{DATA}loader l from d {{\n  transform {{ python("own_code:short") }}\n{forked}')
