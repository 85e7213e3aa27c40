"""`nlogn`: one verb per thing that people do. No logic: each verb calls one function.

Exit codes: 0 good, 1 the program falls short, 2 usage or our own error.
"""

import errno
import io
import json
import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

import click

from nlogn import __version__
from nlogn.cli.annotate import annotate
from nlogn.cli.bank import bank
from nlogn.cli.code import complexity, judge, secure, solve
from nlogn.cli.complete import complete
from nlogn.cli.corpus import corpus
from nlogn.cli.doctor import doctor
from nlogn.cli.model import model
from nlogn.cli.shared import ERROR, GOOD, SYSTEM_ERROR, ReaderLeft
from nlogn.cli.train import train


def main() -> NoReturn:
    """Run the command line; every failure of ours ends in one clear sentence and exit 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a program's text may not fit the terminal's
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        _fail("stopped")
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = ERROR
    except ReaderLeft:
        with suppress(OSError):
            sys.stdout.close()
        code = GOOD
    except Exception as error:
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):  # torch's words
            _fail("this takes more memory than is free: close other programs, or take a smaller"
                  " network")  # fmt: skip
        if not _is_ours(error):  # a mistake of ours is no verdict either: say where it was
            traceback.print_exc()
            _fail(f"internal error: {type(error).__name__}: {error}")
        _fail(_sentence(error))
    sys.exit(code)


def _is_ours(error: Exception) -> bool:
    """Whether the message was written for the user: an error type of nlogn, or the system's."""
    return type(error).__module__.startswith("nlogn.") or isinstance(error, OSError)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}the disk is full: make room, then give the same command again"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _fail(message: str) -> NoReturn:
    if "json" in sys.argv or "--format=json" in sys.argv:
        click.echo(json.dumps({"status": SYSTEM_ERROR, "message": message}))
    click.echo(f"nlogn: {message}", err=True)
    sys.exit(ERROR)


class _Verbs(click.Group):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except BrokenPipeError as error:  # click would exit 1, which says: the program falls short
            raise ReaderLeft from error


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nlogn")
def cli() -> None:
    """Code that is measured: run in a sandbox, broken with inputs, its growth counted.

    A program is written as FILE::ENTRY (a function, or Class.method), or as FILE for a whole
    program that reads stdin. Python everywhere; C++ and JavaScript for whole programs.

    Exit code 0: right, measured, answered or clean; 1: the code falls short; 2: usage, or an
    error of nlogn's own.
    """


for _verb in (judge, complexity, solve, complete, secure, bank, corpus, model, train, doctor):
    cli.add_command(_verb)
bank.add_command(annotate)
