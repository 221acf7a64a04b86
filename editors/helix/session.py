"""A session without a person: Helix in tmux opens a file with two faults; what it shows is printed. See README.md.

`hx`, `tmux` and `feedline` are taken from the PATH; HX names another Helix. Ends with 1 when something does not come.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
TEXT = """\
dataset castings = CocoDetection("images", "annotations.json")
group defects = castings where category == "crack"
loader train from castings {
  transform { RandomResizedCrop(224); RandomHorizontalFlop(p=0.5)
    ToDtype(float32, scale=True)
  }
  sample { force 3 defects per 8; last drop; seed 7 }
}
"""


class Helix:
    """One Helix on a screen of its own, with the settings that stand beside this file and no others."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "train.pipe"
        self.file.write_text(TEXT, encoding="utf-8")
        (folder / "helix").mkdir()
        for name in ("languages.toml", "config.toml"):
            shutil.copy(HERE / name, folder / "helix")
        program = os.environ.get("HX", "hx")
        self.tmux("-f", os.devnull, "-u", "new-session", "-d", "-x", "120", "-y", "30", "-s", "session",
                  f"XDG_CONFIG_HOME='{folder}' exec {program} train.pipe")  # fmt: skip

    def tmux(self, *arguments: str) -> str:
        """What a command of tmux prints, on a server of this session's own."""
        command = ["tmux", "-S", str(self.folder / "socket"), *arguments]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        """Keys by tmux's names for them; what is no name is typed."""
        for key in keys:
            self.tmux("send-keys", "-t", "session", key)
            time.sleep(0.1)

    def screen(self) -> str:
        """The lines as they are shown, without the empty ones."""
        lines = self.tmux("capture-pane", "-p", "-t", "session").splitlines()
        return "\n".join(line.rstrip() for line in lines if line.strip(" ~"))

    def until(self, what: str, shown: Callable[[str], bool]) -> None:
        """Wait for a screen and print it."""
        deadline = time.monotonic() + 20
        while not shown(screen := self.screen()):
            if time.monotonic() > deadline:
                sys.exit(f"\nFAILED: waited in vain for {what}; the screen:\n{screen}")
            time.sleep(0.1)
        print(f"\n== {what}\n{screen}", flush=True)


def session(helix: Helix) -> None:
    """Everything that `README.md` promises, in the order in which one would do it."""
    helix.until("diagnostics of the file", lambda screen: "● 2" in screen)
    helix.press("]", "d")
    helix.until("the first, with its help", lambda screen: "did you mean `RandomHorizontalFlip`?" in screen)
    helix.press("Space", "a")
    helix.until("code actions", lambda screen: "write `RandomHorizontalFlip`" in screen)
    helix.press("Enter")
    helix.until("the fix", lambda screen: "RandomHorizontalFlip(p=0.5)" in screen)
    helix.press("]", "d", "c", "true", "Escape")
    helix.until("no errors, and inlay hints", lambda screen: "● 2" not in screen and "3 defects + 5 others" in screen)
    helix.press(":w", "Enter")
    helix.until("formatting on save", lambda screen: " 5      RandomResizedCrop(224)" in screen)
    assert "  transform {\n    RandomResizedCrop(224); " in helix.file.read_text(encoding="utf-8")
    helix.press(":5", "Enter", "g", "s", "Space", "k")
    helix.until("hover", lambda screen: "Crop a random portion of the input" in screen)
    helix.press("Escape", "o", "RandomEra")
    helix.until("completion", lambda screen: "RandomErasing " in screen)
    helix.press("C-n", "Enter", "Escape")
    helix.until("the completion taken", lambda screen: " 6      RandomErasing()" in screen)
    helix.press("u", "u", ":8", "Enter", "/defects", "Enter", "g", "d")
    helix.until("the definition", lambda screen: "2:7" in screen)
    helix.press("Space", "r", "C-u", "cracks", "Enter")
    helix.until("a rename", lambda screen: "group cracks" in screen and "force 3 cracks" in screen)
    helix.press("C-c")
    helix.until("a comment", lambda screen: "# group cracks" in screen)


def main() -> None:
    """Run it in a folder that is thrown away."""
    needed = (os.environ.get("HX", "hx"), "tmux", "feedline")
    if missing := [program for program in needed if shutil.which(program) is None]:
        sys.exit(f"FAILED: not on the PATH: {', '.join(missing)}")
    print(subprocess.run([needed[0], "--version"], check=True, capture_output=True, text=True).stdout.strip())
    with tempfile.TemporaryDirectory(prefix="feedline-") as folder:
        helix = Helix(Path(folder))
        try:
            session(helix)
        finally:
            helix.tmux("kill-server")
    print("\nevery step came")


if __name__ == "__main__":
    main()
