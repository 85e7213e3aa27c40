"""The verb that completes at a cursor."""

import sys

import click

from nlogn.cli.shared import GOOD, SHORT, Finite, Mistake, as_json, seed


@click.command(short_help="Fill in the middle, at a cursor.")
@click.argument("place", metavar="FILE:LINE:COLUMN")
@click.option(
    "--engine", required=True, envvar="NLOGN_ENGINE",
    help="native, native:FOLDER, openai:URL, llamacpp:FILE.gguf or transformers:FOLDER; "
    "NLOGN_ENGINE, if not given",
)  # fmt: skip
@click.option("--model", help="the model's name at an openai: endpoint")
@click.option("--max-tokens", type=click.IntRange(1, 4096), default=128, show_default=True)
@click.option(
    "--scope", type=click.Choice(["line", "block", "file"]),
    help="how much to write; by what surrounds the cursor, if not given",
)  # fmt: skip
@click.option("--fim", "family", default="", help="the FIM family, where the model does not say")
@click.option("--no-context", is_flag=True, help="do not show the model other files")
@click.option("--stdin", "piped", is_flag=True, help="the file's text comes on stdin")
@click.option("--temperature", type=Finite(0, 2), default=0.0, show_default=True)
@seed()
@click.option("--timeout", type=Finite(0.1), default=30.0, help="seconds")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def complete(
    place: str,
    engine: str,
    model: str | None,
    max_tokens: int,
    scope: str | None,
    family: str,
    no_context: bool,
    piped: bool,
    temperature: float,
    seed: int,
    timeout: float,
    style: str,
) -> None:
    """Print what belongs at LINE and COLUMN of FILE; both count from 1, columns in characters.

    Exit code 0: something fits there; 1: nothing does; 2: usage, or an error.
    """
    from nlogn.assistant.complete import complete as complete_at
    from nlogn.assistant.complete import read_document
    from nlogn.assistant.context import related_for
    from nlogn.engine.open import open_text_engine
    from nlogn.jsonable import dump
    from nlogn.judge.show import printable

    if piped and sys.stdin is None:
        raise Mistake("--stdin: standard input is closed")
    text = sys.stdin.buffer.read().decode("utf-8", "replace") if piped else None
    document = read_document(place, text)
    opened = open_text_engine(engine, model=model)
    filled = complete_at(
        document,
        opened,
        scope=scope,  # type: ignore[arg-type]
        family=family,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        timeout_s=timeout,
        related=None if no_context else related_for(document.path),
    )
    if style == "json":
        click.echo(as_json(dump(filled)))
    elif sys.stdout.isatty():  # what a model wrote is no command for the terminal
        click.echo("\n".join(map(printable, filled.text.split("\n"))))
    else:
        click.echo(filled.text)
    sys.exit(GOOD if filled.text else SHORT)
