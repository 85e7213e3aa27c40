"""Reading what a hostile program sends: what is cheap to send can be dear to rebuild.

`nlogn.values.decode` builds only inert values, but some take far longer to build than to
write: a fraction of huge numbers, a set or dict whose keys all have one hash, millions of
empty lists.
"""

import contextlib
import gc
import json
import re
from collections.abc import Iterator
from typing import Any

from nlogn import values

_FRACTION = re.compile(r"-?[0-9a-f]{1,9999}/[0-9a-f]{1,9999}", re.ASCII)
_SETS = ("$set", "$frozenset")
_KEYED = (*_SETS, "$dict", "$Counter", "$OrderedDict", "$defaultdict")
_FEW = 1000  # so few keys are cheap, whatever their hashes


_MOST_CONTAINERS = 1 << 21  # a container takes twenty times the memory of its two characters


class TooMuch(ValueError):
    """More containers than any limit on output means to allow."""


def parse(body: bytes) -> Any:
    """The JSON value of an answer.

    Raises:
        TooMuch: it has millions of containers.
        ValueError, RecursionError, MemoryError: it cannot be read, or only at great cost.
    """
    if len(body) > _MOST_CONTAINERS and body.count(b"[") + body.count(b"{") > _MOST_CONTAINERS:
        raise TooMuch
    value = json.loads(body.decode("utf-8", "surrogatepass"))
    if worth_a_look(body):
        check(value)
    return value


@contextlib.contextmanager
def collector_at_rest(size: int) -> Iterator[None]:
    """The cyclic garbage collector goes over everything again and again while much is built."""
    pause = size > 1 << 20 and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


def worth_a_look(body: bytes) -> bool:
    """Whether the text of an answer holds anything that `check` looks for."""
    return b'"$Fraction"' in body or (
        len(body) > 4 * _FEW and any(f'"{tag}"'.encode() in body for tag in _KEYED)
    )


def check(data: Any) -> None:
    """Look through a parsed answer.

    Raises:
        ValueError: it would be dear to rebuild, or is no encoded value.
    """
    rest = [data]
    while rest:
        item = rest.pop()
        if type(item) is list:
            rest += [v for v in item if type(v) is list or type(v) is dict]
        elif type(item) is dict:
            for key, value in item.items():
                if key == "$Fraction" and not (type(value) is str and _FRACTION.fullmatch(value)):
                    raise ValueError("not a fraction")
                if key in _KEYED and type(value) is list and len(value) > _FEW:
                    pairs = key not in _SETS
                    _check_keys(
                        [pair[0] for pair in value if type(pair) is list and pair]
                        if pairs
                        else value
                    )
                if type(value) is list or type(value) is dict:
                    rest.append(value)


def _check_keys(keys: list[Any]) -> None:
    try:
        hashes = {hash(values.decode(key)) for key in keys}
    except (TypeError, KeyError) as error:
        raise ValueError("a key cannot be hashed") from error
    if len(hashes) < len(keys) // 4:
        raise ValueError("the keys all have the same hash")
