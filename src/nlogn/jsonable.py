"""Frozen dataclasses <-> JSON: `load(cls, dump(value)) == value` for every contract type.

Fields typed `Any` hold Python values and go through `nlogn.values`, so tuples, sets, bytes and
big integers come back as what they were.
"""

import functools
from typing import Any, TypeVar

from nlogn import values

T = TypeVar("T")


@functools.cache
def _converter() -> Any:
    from cattrs import Converter

    converter = Converter(unstruct_collection_overrides={tuple: list})
    converter.register_unstructure_hook_func(lambda t: t is Any, values.encode)
    converter.register_structure_hook_func(lambda t: t is Any, lambda v, _: values.decode(v))
    # cattrs copies a homogeneous collection of Any without asking the hook above.
    converter.register_structure_hook_func(
        lambda t: t == tuple[Any, ...], lambda v, _: tuple(map(values.decode, v))
    )
    return converter


def dump(value: Any) -> Any:
    """The JSON-able form of a frozen dataclass (or a list or tuple of them)."""
    return _converter().unstructure(value)


def load(cls: type[T], data: Any) -> T:
    """The `cls` that `dump` was given.

    Raises:
        cattrs.BaseValidationError: `data` does not have the fields of `cls`.
    """
    return _converter().structure(data, cls)  # type: ignore[no-any-return]
