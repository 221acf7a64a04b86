"""Whether a chain fixes the size of its images, which decides that detection images are stacked."""

import pytest

from feedline.compiler import compile_source
from feedline.compiler.sample_types.check import fixed_size
from feedline.dsl.source import SourceText


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("ToDtype(float32, scale=true)", False),
        ("Resize((8, 8))", True),
        ("Resize(8)", False),
        ("Resize(8); CenterCrop(8)", True),
        ("RandomResizedCrop(8); RandomHorizontalFlip()", True),
        ("Resize((8, 8)); RandomIoUCrop(); SanitizeBoundingBoxes()", False),
        ("RandomIoUCrop(); SanitizeBoundingBoxes(); Resize((8, 8))", True),
        ("Resize((8, 8)); RandomRotation(30, expand=true)", False),
        ("maybe 50% { Resize((8, 8)) }", False),
        ("Resize((8, 8)); maybe 50% { ColorJitter(0.4) }", True),
        ("Resize((8, 8)); maybe 50% { RandomResizedCrop(4) }", False),
        ("Resize((8, 8)); one of { RandomInvert(); ColorJitter(0.4) }", True),
        ("Resize((8, 8)); on labels { ToDtype(float32) }", True),
        ("views 2 { RandomResizedCrop(8) }", True),
        ("Compose([Resize((8, 8)), RandomHorizontalFlip()])", True),
        ("Resize((8, 8)); RandomApply([ColorJitter(0.4)], p=0.8)", True),
        ("Resize((8, 8)); RandomApply([RandomResizedCrop(4)], p=0.8)", False),
    ],
)
def test_fixed_size(chain: str, expected: bool) -> None:
    """A size counts as fixed where every sample is sure to have it."""
    text = f'dataset d = CocoDetection("x", "y.json")\nloader t from d {{ transform {{ {chain} }} }}\n'
    program = compile_source(SourceText("<text>", text)).program
    assert program is not None
    assert expected == fixed_size(program.loaders[0].chain)
