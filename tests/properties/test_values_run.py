"""Steps on values against torchvision: what earns no error runs, and gives what the checker says.

`test_sample_types_run.py` lets a chain fail that earns no error, because sizes and boxes are not always known. Here all
is known but the values, so every failure has to be foreseen."""

from __future__ import annotations

from chains import apply, image, pil
from containment import excluded
from hypothesis import given, settings
from hypothesis import strategies as st
from typed_calls import COLOUR, CONVERT, STATISTICS_CALLS, steps

from feedline.compiler import ir
from feedline.compiler.sample_types.interpret import Interpreter
from feedline.compiler.sample_types.model import Dim, Image, Sample, Types
from feedline.runtime.transforms import build_chain

HEIGHT, WIDTH = 12, 14
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
TO_FLOAT = apply("ToDtype", ir.Symbol("float32"), scale=True)

_call = steps(CONVERT | STATISTICS_CALLS | COLOUR)
_chain = st.lists(_call, min_size=1, max_size=5)
chains = _chain | _chain.map(lambda chain: [TO_FLOAT, *chain])


def start(backend: str, channels: int, seed: int) -> tuple[dict[str, object], Types]:
    """A sample as a source hands it over, and its type."""
    on_pil = backend == "pil"
    real = pil(HEIGHT, WIDTH, MODES[channels], seed) if on_pil else image(HEIGHT, WIDTH, channels, seed)
    kind = Image("pil" if on_pil else "tensor", channels, height=Dim.of(HEIGHT), width=Dim.of(WIDTH))
    return {"image": real}, (Sample.of(image=kind),)


@settings(max_examples=300)
@given(st.sampled_from(("tensor", "pil")), st.sampled_from((1, 3, 4)), chains, st.integers(0, 1000))
def test_what_earns_no_error_runs(backend: str, channels: int, chain: list[ir.Apply], key: int) -> None:
    """Step by step: either the checker reports an error, or torchvision takes the image and gives one of its type."""
    sample, types = start(backend, channels, key % 4)
    for step in chain:
        interpreter = Interpreter()
        types = interpreter.follow([step], types)
        if any(fault.rule.severity == "error" for fault in interpreter.faults.values()):
            return
        sample = build_chain((step,))(sample, key)
        assert None is excluded(types, sample), step
