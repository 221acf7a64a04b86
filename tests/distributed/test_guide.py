"""The training scripts of docs/guide/many-gpus.md run as the page says, with two processes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ranked import run

ROOT = Path(__file__).parents[2]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "launcher"), [("train_ddp", TORCHRUN), ("train_lightning", []), ("train_accelerate", TORCHRUN)]
)
def test_the_guides_scripts_train(tmp_path: Path, script: str, launcher: list[str]) -> None:
    """Each to its end, without a word changed."""
    page = (ROOT / "docs" / "guide" / "many-gpus.md").read_text(encoding="utf-8")
    files = dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    for name in ("many.pipe", f"{script}.py"):
        (tmp_path / name).write_text(files[name], encoding="utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    run([*launcher, f"{script}.py"], tmp_path)
