"""Inputs that break code: what its arguments are, what they should be, and what goes wrong.

signature = infer_signature(code, "two_sum", statement=text)
inputs = generate(signature, count=300, seed=0)
mismatches = differential(candidate, reference, inputs, sandbox=sandbox)
"""

from nlogn.cases.corpus import FailureCorpus, key_of
from nlogn.cases.differential import Comparison, Mismatch, compare, differential, find_failure
from nlogn.cases.domain import conforms
from nlogn.cases.equal import same
from nlogn.cases.generate import generate
from nlogn.cases.infer import infer_signature
from nlogn.cases.mutate_code import Mutant, mutants
from nlogn.cases.narrow import narrow, validated_sized_inputs
from nlogn.cases.objects import adapt, needs_adapting
from nlogn.cases.shrink import shrink
from nlogn.cases.sized import SizedInputs, signature_inputs, sized_inputs
from nlogn.cases.types import Param, Relation, Signature, Type

__all__ = [
    "Comparison",
    "FailureCorpus",
    "Mismatch",
    "Mutant",
    "Param",
    "Relation",
    "Signature",
    "SizedInputs",
    "Type",
    "adapt",
    "compare",
    "conforms",
    "differential",
    "find_failure",
    "generate",
    "infer_signature",
    "key_of",
    "mutants",
    "narrow",
    "needs_adapting",
    "same",
    "shrink",
    "signature_inputs",
    "sized_inputs",
    "validated_sized_inputs",
]
