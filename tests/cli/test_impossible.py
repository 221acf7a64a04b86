"""What the data at hand does not allow: policies, splits, groups and sources that `feedline check --data` refuses."""

import json
from pathlib import Path

import pytest

from feedline.cli import main

ROWS = """\
x,y,w,minus,note
1,a,1,1,p
2,a,1,1,q
3,a,1,1,r
4,a,2,-1,p
5,b,2,1,q
6,b,2,1,r
7,c,0,1,p
"""
TABLE = """\
dataset d = Table("rows.csv", features=["x"], label="y")
group few = d where y in ("b", "c")
group odd = d where x in (1, 3, 5, 7)
group all = d where x > 0
"""


def _loader(policy: str) -> str:
    return f"loader train from d {{\n  sample {{\n    {policy}\n  }}\n}}\n"


CASES = {
    "an empty group is forced": (
        TABLE + "group never = d where x < 0\n" + _loader("force 1 never per 2"),
        [("FL410", 5)],
    ),
    "a group smaller than its places": (TABLE + _loader("force 4 few per 5 without replacement"), [("FL412", 7)]),
    "exact groups that overlap": (TABLE + _loader("force 1 few per 4; force 1 odd per 4"), [("FL413", 7)]),
    "nothing for the other places": (TABLE + _loader("force 1 all per 2"), [("FL414", 6)]),
    "a negative weight": (TABLE + _loader("batch 2; weight by minus"), [("FL415", 7)]),
    "a text as weight": (TABLE + _loader("batch 2; weight by note"), [("FL431", 7)]),
    "a batch larger than the data": (TABLE + _loader("batch 8; order shuffled; last drop"), [("FL416", 6)]),
    "too few for distinct": (TABLE + _loader("batch 8; weight by w; distinct"), [("FL418", 6)]),
    "more batches than the data": (TABLE + _loader("force 1 few per 2; epoch 9 batches"), [("FL419", 7)]),
    "a field that is not there": (TABLE + "group g = d where colour == 1\n", [("FL430", 5)]),
    "a number compared with a text": (TABLE + 'group g = d where x == "one"\n', [("FL431", 5)]),
    "a class that is not there": (TABLE + 'group g = d where label == "z"\n', [("FL432", 5)]),
    "more than there is": (TABLE + "split d into train 7, val 3\n", [("FL440", 5)]),
    "fewer than there is": (TABLE + "split d into train 3, val 3\n", [("FL440", 5)]),
    "an empty part": (TABLE + "split d into train 99%, val 1%\n", [("FL441", 5)]),
    "a class smaller than the parts": (TABLE + "split d into 3 folds stratified by label\n", [("FL442", 5)]),
    "a part of a value that is not there": (
        TABLE + 'split d by note into train = ("p", "q", "r"), val = "s"\n',
        [("FL443", 5)],
    ),
    "values that no part takes": (TABLE + 'split d by note into train = "p", val = "q"\n', [("FL444", 5)]),
    "a device that is not there": (
        TABLE + "loader rows from d {\n  sample { batch 2 }\n  device = xpu\n}\n",
        [("FL553", 7)],
    ),
    "a feature that is no number": ('dataset d = Table("rows.csv", features=["note"])\n', [("FL609", 1)]),
    "no dataset of this kind": ('dataset d = MNIST("nowhere")\n', [("FL601", 1)]),
    "datasets that do not go together": (
        'dataset a = Table("rows.csv", features=["x"], label="y")\ndataset b = FakeData(size=3)\ndataset d = a + b\n',
        [("FL613", 3)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_impossible(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The right code on the right line, before anything runs."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)
    text, expected = CASES[case]
    Path("a.pipe").write_text(text)
    main(["check", "--data", "--format", "json", "a.pipe"])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert expected == [(item["code"], item["line"]) for item in found]
