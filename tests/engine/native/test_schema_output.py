"""JSON of a schema, by a network that knows nothing of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from nlogn.engine.native.engine import NativeEngine
from nlogn.engine.native.opening import Options
from nlogn.engine.native.sequence import Request
from nlogn.engine.protocol import EngineError

jsonschema = pytest.importorskip("jsonschema")
pytest.importorskip("llguidance")
SCHEMA = {
    "type": "object",
    "properties": {
        "class": {"enum": ["O(n)", "O(n log n)"]},
        "sizes": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0, "maximum": 99},
            "maxItems": 3,
        },
        "sure": {"type": "boolean"},
    },
    "required": ["class", "sizes"],
    "additionalProperties": False,
}


def asked(engine: NativeEngine, seed: int, schema: dict[str, Any], **options: Any) -> Any:
    request = Request((5, 6, 7 + seed), 80, 1.0, seed=seed, steer=(engine.schema_output(schema),),
                      **options)  # fmt: skip
    return engine.submit(request)


@pytest.mark.parametrize("lookup", [True, False])
def test_a_random_network_fits_the_schema(folder: Path, lookup: bool) -> None:
    ended = 0
    with NativeEngine(folder, Options(slots=4)) as engine:
        for stream in [asked(engine, seed, SCHEMA, lookup=lookup) for seed in range(8)]:
            text = "".join(chunk.text for chunk in stream)
            if stream.finished.reason == "stop":
                jsonschema.validate(json.loads(text), SCHEMA)
                ended += 1
            else:
                assert text.lstrip()[0] == "{"
        assert engine.loop.load.blocks_in_use == 0
    assert ended > 2


def test_a_steer_may_begin_another_answer(folder: Path) -> None:
    with NativeEngine(folder, Options(slots=1)) as engine:
        steer = engine.schema_output({"enum": ["yes", "no"]})
        for _ in range(2):
            stream = engine.submit(Request((5, 6), 20, steer=(steer,)))
            assert json.loads("".join(c.text for c in stream)) in ("yes", "no")


def test_a_schema_that_is_none_is_refused(folder: Path) -> None:
    engine = NativeEngine(folder, Options(slots=1))
    with engine, pytest.raises(EngineError, match="schema"):
        engine.schema_output({"type": "nonsense"})
