"""`nlogn bank`: the verbs on the bank of problems."""

import click


@click.group(short_help="The problems whose complexity is proven: list, show, check, convert.")
def bank() -> None:
    """The bank: problems whose declared time and memory classes are proven by measurement."""
