"""What works here, layer by layer, and what to do about what does not.

Each layer is tried, not guessed: the sandbox runs a program, the compiler compiles one, the model
is asked for a few tokens.
"""

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

from nlogn.assistant.repository import cache_folder
from nlogn.engine import protocol
from nlogn.engine.fim import family_of, render
from nlogn.engine.memory import available_bytes, gigabytes, weight_bytes
from nlogn.engine.open import open_engine
from nlogn.problems.problem import Case, Parameter, Problem, Signature
from nlogn.sandbox import Limits, Program, Sandbox, SandboxUnavailable
from nlogn.security.fronts.common import GRAMMARS

Status = Literal["ok", "off", "warn", "fail"]

EXTRAS = {
    "model": ("torch", "transformers", "tokenizers", "safetensors", "gguf"),
    "llamacpp": ("llama_cpp",),
    "corpus": ("datatrove",),
    "gym": ("gymnasium", "trl", "verifiers"),
    "ray": ("ray",),
}
_FOR = {
    "model": "native: and transformers: engines, training",
    "llamacpp": "llamacpp: engines",
    "corpus": "building a training corpus",
    "gym": "other trainers' environments",
    "ray": "many machines",
}
_PROBES = {
    "cpp": ("C++", '#include <cstdio>\nint main() { std::puts("42"); }\n', "apt install g++"),
    "javascript": ("JavaScript", "console.log(42)\n", "apt install nodejs"),
}
_LIMITS = Limits(wall_s=20.0, cpu_s=10.0)
_LEAST_MEMORY = 1 << 30
_LEAST_DISK = 1 << 30
_ASKED = Problem(
    name="add",
    statement="Return the sum of the two numbers.",
    signature=Signature("add", (Parameter("a", "int"), Parameter("b", "int")), "int"),
    examples=(Case(args=(1, 2), expected=3),),
)


@dataclass(frozen=True, slots=True)
class Check:
    """`off` is an option that is not installed, `warn` works in part, `fail` stops what needs it.

    `advice` says what to do, "" where there is nothing to be done.
    """

    layer: str
    status: Status
    found: str
    advice: str = ""
    seconds: float = 0.0


def examine(
    engine: str | None = None,
    *,
    model: str | None = None,
    timeout_s: float = 30.0,
    cancel: protocol.Cancel | None = None,
) -> Iterator[Check]:
    """Each layer's state, the lowest first, as soon as it is known.

    Args:
        engine: as after ``--engine``; its layers are tried last.
        timeout_s: for each question to the model.
    """
    for checks in (_python(), _machine(), _cache(), _sandboxes(), _grammars(), _extras()):
        yield from _timed(checks)
    if engine is not None:
        yield from _timed(_engine(engine, model, timeout_s, cancel))


def _timed(checks: Iterator[Check]) -> Iterator[Check]:
    started = time.monotonic()
    for check in checks:
        now = time.monotonic()
        yield replace(check, seconds=round(now - started, 3))
        started = now


# --- the machine -------------------------------------------------------------------------------


def _python() -> Iterator[Check]:
    yield Check("python", "ok", f"{platform.python_version()} at {sys.executable}")


def _machine() -> Iterator[Check]:
    free = available_bytes()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if free is None:
        yield Check("memory", "warn", f"{cores} cores; free memory is unknown on this system")
    elif free < _LEAST_MEMORY:
        yield Check(
            "memory",
            "warn",
            f"{cores} cores, only {gigabytes(free)} free",
            "close other programs: judging takes some hundred megabytes per worker",
        )
    else:
        yield Check("memory", "ok", f"{cores} cores, {gigabytes(free)} free")


def _cache() -> Iterator[Check]:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(bytes(1 << 16))
            file.flush()
        left = shutil.disk_usage(folder).free
    except OSError as error:
        yield Check(
            "cache",
            "warn",
            f"{folder} cannot be written: {error.strerror}",
            "set NLOGN_CACHE to a folder that can; until then nothing is kept",
        )
        return
    if left < _LEAST_DISK:
        yield Check(
            "cache",
            "warn",
            f"{folder}: only {gigabytes(left)} are left on its disk",
            "make room, or set NLOGN_CACHE to a folder on another disk",
        )
    else:
        yield Check("cache", "ok", f"{folder}, {gigabytes(left)} free")


def _sandboxes() -> Iterator[Check]:
    try:
        sandbox = Sandbox()
    except (SandboxUnavailable, OSError, ValueError) as error:
        yield Check(
            "sandbox",
            "fail",
            f"refused: {error}",
            "nothing can be judged before this is mended; docs/sandbox.md tells how",
        )
        for name, _, _ in _PROBES.values():
            yield Check(name, "fail", "not tried: there is no sandbox")
        return
    with sandbox:
        outcome = sandbox.call(Program("def f(a): return a * 2", "f"), [(21,)], _LIMITS)[0]
        if outcome.status != "ok" or outcome.value != 42:
            said = outcome.error.message if outcome.error else outcome.status
            yield Check(
                "sandbox",
                "fail",
                f"a program could not be run: {said}",
                "please report this with the output of nlogn doctor",
            )
        elif sandbox.isolation == "full":
            yield Check("sandbox", "ok", "full isolation; Python programs run")
        else:
            yield Check(
                "sandbox", "warn", "light isolation only; Python programs run", _why_light()
            )
        for language, (name, code, install) in _PROBES.items():
            done = sandbox.run(Program(code, language=language), "", _LIMITS)
            if done.status == "ok" and done.stdout.strip() == "42":
                yield Check(name, "ok", "programs run")
            else:
                said = done.error.message if done.error else done.status
                missing = done.error is not None and "apt install" in said
                yield Check(name, "warn", said, "" if missing else install)


def _why_light() -> str:
    """What full isolation lacks here, in the sandbox's own words."""
    if os.environ.get("NLOGN_ISOLATION") == "light":
        return "NLOGN_ISOLATION asks for light isolation: unset it for full"
    try:
        Sandbox(isolation="full").close()
    except SandboxUnavailable as error:
        return str(error)
    return ""


def _grammars() -> Iterator[Check]:
    wheels = sorted({module for module, _ in GRAMMARS.values() if module != "tree_sitter_sql"})
    missing = [wheel.replace("_", "-") for wheel in wheels if find_spec(wheel) is None]
    if missing:
        yield Check(
            "grammars",
            "warn",
            f"missing: {', '.join(missing)}",
            f"pip install {' '.join(missing)}: their languages are scanned and completed "
            "without a syntax tree",
        )
    else:
        yield Check("grammars", "ok", f"{len(wheels)} tree-sitter grammars")


def _extras() -> Iterator[Check]:
    for extra, modules in EXTRAS.items():
        missing = [m for m in modules if find_spec(m) is None]
        if not missing:
            yield Check(f"extra {extra}", "ok", ", ".join(modules))
        else:
            yield Check(
                f"extra {extra}",
                "off",
                f"not installed: {', '.join(missing)}",
                f"pip install 'nlogn[{extra}]' for {_FOR[extra]}",
            )


# --- the engine --------------------------------------------------------------------------------


def _engine(
    named: str, model: str | None, timeout_s: float, cancel: protocol.Cancel | None
) -> Iterator[Check]:
    kind, _, where = named.partition(":")
    if kind in ("transformers", "llamacpp", "native") and where:
        yield from _fits(Path(where).expanduser())
    try:
        engine = open_engine(named, model=model)
    except protocol.EngineError as error:
        yield Check("engine", "fail", str(error))
        return
    yield Check("engine", "ok", f"{named} can be opened")
    if kind == "native":
        yield _computes(engine)
    try:
        if hasattr(engine, "facts"):
            yield from _text_engine(cast(protocol.TextEngine, engine), timeout_s, cancel)
        else:
            yield Check("completion", "off", f"{named} answers problems only, not at a cursor")
        yield from _answers(engine, timeout_s, cancel)
    finally:
        if hasattr(engine, "close"):
            engine.close()


def _computes(engine: Any) -> Check:
    """What the native engine chose to compute with on this machine."""
    runner = engine.loop.runner
    weights = getattr(runner, "weights", None)
    precision = str(weights.head.dtype).removeprefix("torch.") if weights else "float32"
    kind = runner.name if "int8" in runner.name else f"{runner.name}, {precision}"
    threads = f"{runner.threads} thread" + "s" * (runner.threads != 1)
    told = f"{kind}, {threads}, {gigabytes(runner.memory_bytes)} for keys and values"
    slow = runner.name == "torch" and str(runner.device) == "cpu"
    return Check(
        "computes", "ok", told, "apt install g++: compiled kernels are faster" if slow else ""
    )


def _fits(path: Path) -> Iterator[Check]:
    need, free = weight_bytes(path) if path.exists() else 0, available_bytes()
    if not need or free is None:
        return
    told = f"{path.name} has {gigabytes(need)} of weights, {gigabytes(free)} are free"
    if need > free:
        yield Check(
            "model memory",
            "fail",
            told,
            "close other programs, or take a smaller or a more quantised model",
        )
    else:
        yield Check("model memory", "ok", told)


def _text_engine(
    engine: protocol.TextEngine, timeout_s: float, cancel: protocol.Cancel | None
) -> Iterator[Check]:
    try:
        facts = engine.facts(cancel=cancel)
    except protocol.EngineError as error:
        yield Check("model", "fail", str(error))
        return
    context = f", context {facts.context:,} tokens" if facts.context else ""
    yield Check("model", "ok", f"{facts.name}{context}")
    sampling = protocol.Sampling(max_tokens=16, temperature=0, timeout_s=timeout_s)
    yield from _completes(engine, facts, sampling, cancel)


def _completes(
    engine: protocol.TextEngine,
    facts: protocol.ModelFacts,
    sampling: protocol.Sampling,
    cancel: protocol.Cancel | None,
) -> Iterator[Check]:
    try:
        family = family_of(facts)
    except protocol.NoFim as error:
        yield Check(
            "completion", "warn", str(error), "nlogn solve works without; nlogn complete does not"
        )
        return
    prompt: protocol.RawPrompt = render(
        family, "def add(a, b):\n    return ", "\n\n\nprint(add(1, 2))\n"
    )
    try:
        made = engine.complete(prompt, sampling, cancel=cancel)
    except protocol.EngineError as error:
        yield Check("completion", "fail", f"{family.name} prompts: {error}")
        return
    if made.text.strip():
        yield Check("completion", "ok", f"{family.name} prompts; it wrote {made.text[:40]!r}")
    else:
        yield Check(
            "completion",
            "warn",
            f"{family.name} prompts; it wrote nothing",
            "is this the base model, or one tuned to chat only?",
        )


def _answers(
    engine: protocol.Engine, timeout_s: float, cancel: protocol.Cancel | None
) -> Iterator[Check]:
    sampling = protocol.Sampling(max_tokens=256, temperature=0, timeout_s=timeout_s)
    try:
        (found,) = engine.generate([protocol.Prompt(_ASKED)], sampling, cancel=cancel)
    except protocol.EngineError as error:
        yield Check("answers", "fail", str(error))
        return
    if not found or not found[0].code.strip():
        text = found[0].text[:60] if found else ""
        yield Check(
            "answers",
            "warn",
            f"no program in its answer: {text!r}",
            "a larger model, or one tuned to follow instructions, may do better",
        )
    else:
        yield Check("answers", "ok", f"it writes programs, {len(found[0].code)} characters")
