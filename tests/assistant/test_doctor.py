"""`nlogn doctor`: each layer as it is, and what to do about it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlogn.assistant.doctor import Check, examine
from tests.assistant.raw_server import serving
from tests.cli.run import nlogn

PROGRAM = "Sure.\n\n```python\ndef add(a, b):\n    return a + b\n```\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLOGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NLOGN_ENGINE", raising=False)


def model(body: dict[str, Any]) -> Iterator[str]:
    yield PROGRAM if "messages" in body else "a + b"


def layers(engine: str | None = None, **more: Any) -> dict[str, Check]:
    return {check.layer: check for check in examine(engine, **more)}


def test_every_layer_of_this_machine_is_named() -> None:
    found = layers()
    names = ("python", "memory", "cache", "sandbox", "C++", "JavaScript", "grammars", "extra model")
    for name in names:
        assert found[name].found, name
    assert found["python"].status == "ok"
    assert found["sandbox"].status in ("ok", "warn")
    assert (found["C++"].status == "ok") == (shutil.which("g++") is not None)
    assert not [c for c in found.values() if c.status in ("warn", "fail", "off") and not c.advice]


def test_an_engine_that_works_is_asked_for_an_answer_and_a_middle() -> None:
    with serving("qwen2.5-coder", model) as server:
        found = layers(f"openai:{server.url}")
    for layer in ("engine", "model", "completion", "answers"):
        assert found[layer].status == "ok", found[layer]
    assert "'a + b'" in found["completion"].found and "qwen-coder" in found["completion"].found


def test_a_model_without_fim_answers_but_does_not_complete() -> None:
    with serving("gpt-4o", model) as server:
        found = layers(f"openai:{server.url}")
    assert (
        found["completion"].status == "warn" and "fill in the middle" in found["completion"].found
    )
    assert found["answers"].status == "ok"


def test_a_model_that_writes_no_program_is_said_to() -> None:
    with serving("qwen-coder", lambda body: iter(["Hello!"])) as server:
        found = layers(f"openai:{server.url}")
    assert found["answers"].status == "warn" and "Hello!" in found["answers"].found


@pytest.mark.parametrize(
    ("engine", "layer", "said"),
    [
        ("openai:http://127.0.0.1:9/v1", "model", "is the server running"),
        ("transformers:/nowhere", "engine", "does not exist"),
        ("llamacpp:/nowhere.gguf", "engine", "No such file"),
        ("cobol", "engine", "write recall"),
    ],
)
def test_an_engine_that_does_not_work_says_which_layer(engine: str, layer: str, said: str) -> None:
    found = layers(engine, timeout_s=3)
    assert found[layer].status == "fail" and said in found[layer].found


def test_light_isolation_and_a_cache_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NLOGN_CACHE", str(tmp_path / "file"))
    monkeypatch.setenv("NLOGN_ISOLATION", "light")
    found = layers()
    assert found["sandbox"].status == "warn" and "NLOGN_ISOLATION" in found["sandbox"].advice
    assert found["cache"].status == "warn" and "NLOGN_CACHE" in found["cache"].advice
    monkeypatch.setenv("NLOGN_ISOLATION", "heavy")
    found = layers()
    assert found["sandbox"].status == found["C++"].status == "fail"


def test_tools_that_are_missing_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bwrap").symlink_to(str(shutil.which("bwrap")))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = layers()
    assert found["C++"].status == "warn" and "apt install g++" in found["C++"].found
    assert found["JavaScript"].status == "warn" and "nodejs" in found["JavaScript"].found
    assert found["sandbox"].status in ("ok", "warn")


def test_the_verb() -> None:
    done = nlogn("doctor", "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["status"] == "ok"
    assert {"layer", "status", "found", "advice", "seconds"} <= told["checks"][0].keys()
    done = nlogn("doctor", "--engine", "openai:http://127.0.0.1:9/v1", "--timeout", "3")
    assert done.returncode == 1 and "FAIL" in done.stdout and "Traceback" not in done.stderr
    assert nlogn("doctor", "--format", "yaml").returncode == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become an ordinary user")
def test_an_ordinary_user_without_a_home_gets_answers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nlogn", "doctor", "--format", "json"]
    environment = os.environ | {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NLOGN_CACHE")
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command],
        capture_output=True, text=True, timeout=60, env=environment, check=False,
    )  # fmt: skip
    if "Permission denied" in done.stderr:
        pytest.skip("the interpreter lies where others may not go")
    checks = {c["layer"]: c for c in json.loads(done.stdout)["checks"]}
    assert checks["cache"]["status"] == "warn" and done.returncode in (0, 1)


def test_the_native_engine_says_what_it_computes_with(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
    pytest.importorskip("tokenizers", reason="needs tokenizers (extra `model`)")
    from tests.engine.tiny import checkpoint

    found = layers(f"native:{checkpoint(tmp_path / 'net')}")
    told = found["computes"]
    assert told.status == "ok" and "thread" in told.found and "float32" in told.found
    assert told.found.startswith(("kernels", "torch")) and "keys and values" in told.found
