"""Files that import each other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.compiler import CheckResult, Given, compile_source
from feedline.compiler.read import read_source
from feedline.dsl.diagnostics import Reporter

Files = Callable[..., CheckResult]

SHARED = """\
param root: path = "data"
let size = 32
dataset photos = ImageFolder(root)
group few = photos where label == "a"
split photos into train 80%, val 20% stratified by few
transform pixels { Resize((size, size)); ToImage() }
policy even { force 1 few per 4 }
loader preview from photos { sample { batch 2 } }
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """`files({"a.pipe": text, ...}, **params)` writes them and checks the first."""
    monkeypatch.chdir(tmp_path)

    def check(texts: dict[str, str], **params: Given) -> CheckResult:
        for name, text in texts.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        source = read_source(next(iter(texts)), Reporter())
        assert source is not None
        return compile_source(source, params=params)

    return check


def _codes(result: CheckResult) -> list[tuple[str, str, int]]:
    return [(diagnostic.code, diagnostic.path, diagnostic.line) for diagnostic in result.diagnostics]


def test_names(files: Files, tmp_path: Path) -> None:
    """Names that are brought in keep theirs, with everything they need; loaders of the other file do not come along."""
    main = 'import "lib/shared.pipe" (photos, pixels, even)\n'
    main += "loader train from photos.train { transform { pixels }; sample even }\n"
    result = files({"main.pipe": main, "lib/shared.pipe": SHARED})
    assert () == result.diagnostics
    program = result.program
    assert program is not None
    assert ["train"] == [loader.name for loader in program.loaders]
    assert ["photos"] == [dataset.name for dataset in program.datasets]
    assert ["shared.few"] == [group.name for group in program.groups]
    assert [("root", str(tmp_path / "lib" / "data"))] == [(param.name, param.value) for param in program.params]


def test_alias(files: Files, tmp_path: Path) -> None:
    """Through an alias everything has its prefix, parameters too."""
    main = 'import "shared.pipe" as o\ngroup more = o.photos where o.few or index < 3\n'
    main += "loader train from o.photos.val { transform { o.pixels }; sample { force 2 more per 8 } }\n"
    result = files({"main.pipe": main, "shared.pipe": SHARED}, **{"o.root": Given("other", "command line")})
    assert () == result.diagnostics
    assert result.program is not None
    assert ["o.few", "more"] == [group.name for group in result.program.groups]
    assert {"o.photos"} == {group.dataset for group in result.program.groups}
    assert [("o.root", str(tmp_path / "other"))] == [(param.name, param.value) for param in result.program.params]


def test_one_file_is_one_namespace_however_often_imported(files: Files) -> None:
    """A dataset that reaches a file by two ways is one dataset."""
    main = (
        'import "left.pipe" (few)\nimport "right.pipe" as r\nloader l from r.photos { sample { force 1 few per 4 } }\n'
    )
    left = 'import "shared.pipe" (few)\n'
    right = 'import "./shared.pipe" (photos)\n'
    result = files({"main.pipe": main, "left.pipe": left, "right.pipe": right, "shared.pipe": SHARED})
    assert () == result.diagnostics
    assert result.program is not None
    assert 1 == len(result.program.datasets)


def test_two_files_of_one_name(files: Files) -> None:
    """What has no name in the main file gets one from its file's, never twice the same."""
    one, two = (SHARED.replace("ImageFolder(root)", f'ImageFolder("{name}")') for name in ("one", "two"))
    main = 'import "one/shared.pipe" (photos)\nimport "two/shared.pipe" (few)\n'
    main += "loader a from photos.val {}\npolicy _one { force 1 few per 4 }\n"
    result = files({"main.pipe": main, "one/shared.pipe": one, "two/shared.pipe": two})
    assert () == result.diagnostics
    assert result.program is not None
    names = [dataset.name for dataset in result.program.datasets]
    assert len(set(names)) == len(names) == 2


def test_faults_point_into_the_imported_file(files: Files) -> None:
    """A fault in what is used is shown where it is; what is not used may wait."""
    shared = "let size = missing\ntransform pixels { Resize(size) }\ntransform unused { Resize(missing_too) }\n"
    main = 'import "shared.pipe" (pixels)\ndataset d = FakeData()\nloader l from d { transform { pixels } }\n'
    assert [("FL102", "shared.pipe", 1)] == _codes(files({"main.pipe": main, "shared.pipe": shared}))


def test_syntax_of_an_imported_file(files: Files) -> None:
    """Its syntax must be right, and what it could not declare is not blamed on its users."""
    shared = "transform pixels { Resize( }\nlet size = 3\n"
    main = 'import "shared.pipe" (pixels, size)\ndataset d = FakeData()\nloader l from d { transform { pixels } }\n'
    result = files({"main.pipe": main, "shared.pipe": shared})
    assert {"shared.pipe"} == {diagnostic.path for diagnostic in result.diagnostics}
    assert 1 == len(result.diagnostics)


def test_cycle(files: Files) -> None:
    """Files in a circle are refused once, and the circle is shown."""
    texts = {"a.pipe": 'import "b.pipe" (y)\nlet x = y\n', "b.pipe": 'import "a.pipe" (x)\nlet y = x\n'}
    result = files(texts)
    assert [("FL106", "b.pipe", 1)] == _codes(result)
    assert ("a.pipe → b.pipe → a.pipe",) == result.diagnostics[0].notes


def test_import_of_itself(files: Files) -> None:
    """The smallest circle."""
    assert [("FL106", "a.pipe", 1)] == _codes(files({"a.pipe": 'import "./a.pipe" as a\n'}))


def test_absent_file(files: Files) -> None:
    """The import that leads nowhere is shown, with a file of a like name; nothing else is blamed."""
    main = 'import "shard.pipe" (pixels)\ndataset d = FakeData()\nloader l from d { transform { pixels } }\n'
    result = files({"main.pipe": main, "shared.pipe": SHARED}, root=Given("x"))
    assert [("FL107", "main.pipe", 1)] == _codes(result)
    assert "did you mean `shared.pipe`?" == result.diagnostics[0].help


def test_unknown_names(files: Files) -> None:
    """A name that the other file does not declare, both ways of importing."""
    main = 'import "shared.pipe" (pixls)\nimport "shared.pipe" as o\ndataset d = FakeData()\n'
    main += "loader l from d { transform { o.pixles; pixls } }\n"
    result = files({"main.pipe": main, "shared.pipe": SHARED})
    assert [("FL102", "main.pipe", 1), ("FL102", "main.pipe", 4)] == _codes(result)
    assert ["did you mean `pixels`?"] * 2 == [diagnostic.help for diagnostic in result.diagnostics]


def test_name_brought_in_twice(files: Files) -> None:
    """A name from outside is a declaration, so a second of that name is one too many."""
    result = files({"main.pipe": 'import "shared.pipe" (size)\nlet size = 3\n', "shared.pipe": SHARED})
    assert [("FL101", "main.pipe", 2)] == _codes(result)


def test_parameter_hidden_by_the_importing_file(files: Files) -> None:
    """Two parameters of one name are a fault where both are used: a value from outside could be meant for either."""
    main = 'param root: path = "mine"\nimport "shared.pipe" (photos, pixels)\ndataset d = ImageFolder(root)\n'
    result = files({"main.pipe": main + "loader l from photos {}\n", "shared.pipe": SHARED})
    assert [("FL101", "main.pipe", 1)] == _codes(result)
    alone = main.replace("photos, ", "") + "loader l from d { transform { pixels } }\n"
    assert () == files({"main.pipe": alone, "shared.pipe": SHARED}).diagnostics
