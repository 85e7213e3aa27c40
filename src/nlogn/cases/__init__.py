"""Inputs that break code: what its arguments are, what they should be, and what goes wrong.

    signature = infer_signature(code, "two_sum", statement=text)
    inputs = generate(signature, count=300, seed=0)
    mismatches = differential(candidate, reference, inputs, sandbox=sandbox)
"""

from nlogn.cases.infer import infer_signature
from nlogn.cases.sized import SizedInputs, signature_inputs, sized_inputs
from nlogn.cases.types import Param, Relation, Signature, Type

__all__ = [
    "Param",
    "Relation",
    "Signature",
    "SizedInputs",
    "Type",
    "infer_signature",
    "signature_inputs",
    "sized_inputs",
]
