"""From what a user writes after ``--engine`` to an engine."""

from pathlib import Path
from typing import cast

from nlogn.engine.protocol import Engine, EngineError, TextEngine

KINDS = (
    "recall, native, native:FOLDER, openai:http://HOST:PORT/v1, transformers:FOLDER or"
    " llamacpp:FILE.gguf"
)
SHIPPED = Path(__file__).parents[1] / "checkpoints" / "nano"  # what `native` alone means


def open_engine(named: str, *, model: str | None = None) -> Engine:
    """The engine that `named` says: ``recall``, ``native`` (the shipped network),
    ``native:FOLDER``, ``openai:URL``, ``transformers:FOLDER`` or ``llamacpp:FILE.gguf``.

    Weights are loaded at the first request, by ``native`` at once.

    Args:
        model: the model's name, where an endpoint serves several.

    Raises:
        EngineError: there is no such engine, or what it needs is not there.
    """
    kind, colon, where = named.partition(":")
    if kind == "recall" and not colon:
        from nlogn.engine.recall import RecallEngine

        return RecallEngine()
    if kind == "openai" and where:
        from nlogn.engine.openai import OpenAIEngine

        return OpenAIEngine(where, model=model)
    if kind == "transformers" and where:
        from nlogn.engine.transformers_engine import TransformersEngine

        return TransformersEngine(Path(where).expanduser())
    if kind == "llamacpp" and where:
        from nlogn.engine.llamacpp import LlamaCppEngine

        return LlamaCppEngine(Path(where).expanduser())
    if kind == "native" and (where or not colon):
        return _native(Path(where).expanduser() if where else SHIPPED)
    if where or kind not in ("openai", "transformers", "llamacpp", "native"):
        hint = _guess(named)
        raise EngineError(f"no engine '{named}': write {hint or KINDS}")
    raise EngineError(f"'{named}' names no place: write {KINDS}")


def open_text_engine(named: str, *, model: str | None = None) -> TextEngine:
    """Likewise, an engine that continues raw text.

    Raises:
        EngineError: as `open_engine`; or it only answers problems, as `recall` does.
    """
    engine = open_engine(named, model=model)
    if not hasattr(engine, "stream_text"):
        raise EngineError(
            f"{named} cannot complete at a cursor, it only answers problems: write "
            f"{KINDS.removeprefix('recall, ')}"
        )
    return cast(TextEngine, engine)


def _native(folder: Path) -> Engine:
    try:
        from nlogn.engine.native import NativeEngine
    except ModuleNotFoundError as error:
        raise EngineError(
            f"native needs {error.name}: pip install 'nlogn[model]'; or take --engine recall"
        ) from error
    return NativeEngine(folder)


def _guess(named: str) -> str:
    """What was probably meant."""
    if named.startswith(("http://", "https://")):
        return f"openai:{named}"
    path = Path(named).expanduser()
    if path.suffix == ".gguf":
        return f"llamacpp:{named}"
    return f"transformers:{named}" if path.is_dir() else ""
