"""The verb that says what works."""

import sys

import click

from nlogn.cli.shared import GOOD, SHORT, Finite, as_json

_MARKS = {"ok": ("ok", "green"), "off": ("off", "bright_black"), "warn": ("warn", "yellow"),
          "fail": ("FAIL", "red")}  # fmt: skip


@click.command(short_help="What works here, and what to do about the rest.")
@click.option("--engine", envvar="NLOGN_ENGINE", help="try this engine, too")
@click.option("--model", help="the model's name at an openai: endpoint")
@click.option("--timeout", type=Finite(0.1), default=30.0, help="seconds per question")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def doctor(engine: str | None, model: str | None, timeout: float, style: str) -> None:
    """Try each layer: Python, sandbox, compilers, cache, extras, and with --engine the model.

    Exit code 0: everything that is needed works; 1: something does not; 2: an error.
    """
    from nlogn.assistant.doctor import Check, examine
    from nlogn.jsonable import dump
    from nlogn.judge.show import printable

    checks: list[Check] = []
    for check in examine(engine, model=model, timeout_s=timeout):
        checks.append(check)
        if style == "text":
            word, colour = _MARKS[check.status]
            click.echo(click.style(f"{word:<5}", fg=colour), nl=False)
            click.echo(f"{check.layer:<15} {printable(check.found)}")
            if check.advice:
                click.echo(f"{'':20} {printable(check.advice)}")
    failed = any(check.status == "fail" for check in checks)
    if style == "json":
        click.echo(as_json({"status": "short" if failed else "ok", "checks": dump(checks)}))
    sys.exit(SHORT if failed else GOOD)
