"""The public functions: what counts as a path, what is raised, what is only returned."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import feedline

GOOD = """
dataset d = FakeData(size=12, image_size=(3, 8, 8))
loader train from d { transform { ToTensor() }; sample { batch 4; order shuffled } }
"""


def test_importing_feedline_and_checking_import_no_torch() -> None:
    """In a fresh interpreter; the names are loaded when they are used."""
    code = (
        "import feedline, sys; feedline.check(sys.argv[1]); feedline.parse('let a = 1');"
        "print([name for name in ('torch', 'torchvision', 'PIL', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, GOOD], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout


def test_every_public_name_is_there() -> None:
    """`__all__` holds no name that cannot be loaded, and `dir` shows them."""
    assert {name for name in feedline.__all__ if hasattr(feedline, name)} == set(feedline.__all__)
    assert set(feedline.__all__) <= set(dir(feedline))


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = feedline.nonsense  # pyright: ignore[reportAttributeAccessIssue]  (that it is missing is the test)


@pytest.mark.parametrize("as_path", [True, False])
def test_a_path_may_be_a_path_or_a_string(tmp_path: Path, as_path: bool) -> None:
    """A string without a newline that ends in .pipe is a path."""
    path = tmp_path / "a.pipe"
    path.write_text(GOOD)
    assert 3 == len(feedline.compile(path if as_path else str(path)).train)
    assert [] == feedline.check(path if as_path else str(path))


def test_a_text_is_compiled_as_it_is() -> None:
    """Everything that is no path."""
    assert 3 == len(feedline.compile(GOOD).train)


def test_a_missing_file_is_a_diagnostic() -> None:
    """`check` returns it, `compile` raises it."""
    (found,) = feedline.check("nowhere.pipe")
    assert ("error", 1, 1) == (found.severity, found.line, found.column)
    assert "nowhere.pipe" in found.message
    with pytest.raises(feedline.CompileError):
        feedline.compile("nowhere.pipe")


@pytest.mark.parametrize("text", ["", "\0", "loader", "((((", "\ud800", "é = ", "let a = 1/0", "a.pipe\n"])
def test_check_never_raises_for_what_a_text_says(text: str) -> None:
    """It returns diagnostics."""
    assert feedline.check(text)


def test_diagnostics_have_places_and_words() -> None:
    """Line and column count from 1."""
    (found,) = feedline.check(GOOD.replace("ToTensor", "ToTensr"))
    assert ("error", "<text>", 3, 35) == (found.severity, found.path, found.line, found.column)
    assert found.code.startswith("FL1")
    assert "ToTensor" in (found.help or "")


def test_a_compile_error_carries_and_shows_its_diagnostics() -> None:
    """The text of the exception is what the command line prints."""
    with pytest.raises(feedline.CompileError) as caught:
        feedline.compile(GOOD.replace("FakeData", "FakeDta"))
    assert 1 == len(caught.value.diagnostics)
    assert f"error[{caught.value.diagnostics[0].code}]: " in str(caught.value)
    assert isinstance(caught.value, feedline.FeedlineError)


def test_parameters_are_keywords() -> None:
    """Parsed by their declared types; unknown ones are refused with the nearest name."""
    text = "param size: int = 4\n" + GOOD.replace("batch 4", "batch size")
    assert 2 == len(feedline.compile(text, size=6).train)
    (found,) = feedline.check(text, sise=6)
    assert "`size`" in (found.help or "")


def test_python_is_refused_unless_the_caller_allows_it() -> None:
    """The file cannot allow it."""
    text = GOOD.replace("ToTensor()", 'python("torchvision.transforms.v2:RandomInvert", p=1.0); ToTensor()')
    (found,) = feedline.check(text)
    assert "allow" in (found.help or "")
    assert [] == feedline.check(text, allow_python=True)
    assert 3 == len(list(feedline.compile(text, allow_python=True).train))


def test_a_device_that_is_not_there_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told when the loaders are built, not in the first batch."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no such device")

    monkeypatch.setattr("feedline.runtime.pipeline.torch.empty", refuse)
    with pytest.raises(feedline.CompileError) as caught:
        feedline.compile(GOOD.replace("sample", "device = cuda; sample"))
    (found,) = caught.value.diagnostics
    assert ("FL553", "torch finds no device `cuda` here") == (found.code, found.message)


def test_registered_transforms_and_datasets_are_words_of_the_language() -> None:
    """A function of the image, a class with arguments, a dataset of (image, label) pairs."""
    import torch

    @feedline.transform("TestInvert")
    def invert(image: torch.Tensor) -> torch.Tensor:
        return 255 - image

    @feedline.transform("TestScale")
    class Scale:
        def __init__(self, factor: float = 1.0):
            self.factor = factor

        def __call__(self, image: torch.Tensor) -> torch.Tensor:
            return image * self.factor

    @feedline.dataset("TestDots")
    class Dots(torch.utils.data.Dataset):
        def __init__(self, count: int):
            self.count = count

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            return torch.full((3, 2, 2), index, dtype=torch.uint8), index % 3

    chain = "TestInvert(); ToTensor(); TestScale(factor=2.0)"
    text = f"dataset d = TestDots(count=6)\nloader t from d {{ transform {{ {chain} }}; sample {{ batch 6 }} }}"
    images, labels = next(iter(feedline.compile(text).t))
    assert [0, 1, 2, 0, 1, 2] == labels.tolist()
    assert torch.allclose((255 - torch.arange(6)) / 255 * 2, images[:, 0, 0, 0])
    (found,) = feedline.check(text.replace("factor", "facto"))
    assert "`factor`" in (found.help or "")
