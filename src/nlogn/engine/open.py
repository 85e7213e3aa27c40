"""From what a user writes after ``--engine`` to an engine."""

from nlogn.engine.protocol import Engine, EngineError


def open_engine(named: str, *, model: str | None = None) -> Engine:
    """The engine that `named` says: ``recall``, ``native:FOLDER``, or ``openai:URL``.

    Raises:
        EngineError: there is no such engine.
    """
    kind, _, where = named.partition(":")
    if kind == "recall" and not where:
        from nlogn.engine.recall import RecallEngine

        return RecallEngine()
    if kind == "openai" and where:
        from nlogn.engine.openai import OpenAIEngine

        return OpenAIEngine(where, model=model)
    if kind == "native" and where:
        from nlogn.engine.native import NativeEngine

        return NativeEngine(where)
    raise EngineError(
        f"no engine '{named}': write recall, native:FOLDER, or openai:http://HOST:PORT/v1"
    )
