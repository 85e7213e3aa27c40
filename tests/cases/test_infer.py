"""Signatures from annotations, examples, use, words and names."""

import pytest

from nlogn.cases import infer_signature
from nlogn.cases.statement import examples_in, facts_in, read_number
from nlogn.cases.types import (
    Bool,
    Fields,
    Float,
    Function,
    Int,
    Map,
    Node,
    Null,
    OneOf,
    Seq,
    Str,
    Tuple,
    Type,
    main_option,
    options,
)


def types(code: str, entry: str = "f", statement: str = "") -> list[Type]:
    return list(infer_signature(code, entry, statement=statement).types)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("int", Int()),
        ("'int'", Int()),
        ("list[list[int]]", Seq(Seq(Int()))),
        ("typing.List[float]", Seq(Float())),
        ("dict[str, list[bool]]", Map(Str(), Seq(Bool()))),
        ("tuple[int, str]", Tuple((Int(), Str()))),
        ("tuple[int, ...]", Seq(Int(), "tuple")),
        ("Sequence[str]", Seq(Str())),
        ("set[int]", Seq(Int(), "set")),
        ("Literal['a', 'b']", OneOf(("a", "b"))),
        ("Callable[[int], int]", Function()),
        ("Annotated[int, 'positive']", Int()),
        ("Alias", Seq(Int())),
        ("Person", Fields((("name", Str()), ("age", Int())))),
        ("Cell", Node(Int(), "chain", "Cell", "data", ("next",))),
    ],
)
def test_annotations(annotation: str, expected: Type) -> None:
    code = (
        "Alias = list[int]\n"
        "class Person(TypedDict):\n    name: str\n    age: int\n"
        "class Cell:\n    def __init__(self, data):\n        self.data = data\n"
        "        self.next = None\n"
        f"def f(q: {annotation}): ...\n"
    )
    assert types(code) == [expected]


def test_optional_and_unions_are_choices() -> None:
    (first, second) = types("def f(a: Optional[int], b: int | str): ...")
    assert options(first) == (Int(), Null())
    assert options(second) == (Int(), Str())


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("return q.upper()", [Str]),
        ("return [x + 1 for x in q]", [Seq]),
        ("return {k: v for k, v in q.items()}", [Map]),
        ("return sum(range(q))", [Int]),
        ("return q.left.val", [Node]),
        ("q.append(1)", [Seq]),
        ("return ord(q[0])", [Str, Seq]),
        ("return [row[0] + row[1] for row in q]", [Seq]),
        ("return helper(q)\ndef helper(z):\n    return z.split(',')", [Str]),
        ("q.add(3)", [Seq]),
    ],
)
def test_use_tells_the_type(body: str, kinds: list[type]) -> None:
    (found,) = types(f"def f(q):\n    {body}\n")
    assert type(main_option(found)) in kinds


def test_nothing_known_gives_several_readings() -> None:
    (found,) = types("def f(qqq):\n    return qqq\n")
    assert {type(o) for o in options(found)} >= {Int, Str, Seq}


def test_depth_of_indexing_is_the_depth_of_the_type() -> None:
    (found,) = types("def f(q):\n    return q[0][1][2] * 2.5\n")
    assert isinstance(found, Seq) and isinstance(main_option(found.item), Seq)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">>> f([1, 2], 3)\n4", [([1, 2], 3)]),
        ("f(a=[1], b=2) == 3", [([1], 2)]),
        ("f(')(', {'k': (1, 2)}) ➞ None", [(")(", {"k": (1, 2)})]),
        ("Input: a = [2, 7], b = 9\nOutput: [0, 1]", [([2, 7], 9)]),
        ("Input: [1, 2], 5\nOutput: 7", [([1, 2], 5)]),
        ("g([3], 4) => 7", [([3], 4)]),
        ("f(os.remove('x'), 1) and f(__import__('os'), 2)", []),
    ],
)
def test_examples_in_text(text: str, expected: list[tuple[object, ...]]) -> None:
    assert examples_in(text, "f", ["a", "b"]) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [("10^5", 10**5), ("2 * 10**4", 20000), ("1e6", 10**6), ("100,000", 100000), ("-7", -7),
     ("x", None), ("10^999", None)],
)  # fmt: skip
def test_numbers_of_constraints(text: str, number: int | None) -> None:
    assert read_number(text) == number


def test_constraints_become_bounds() -> None:
    text = """Given a sorted list nums of distinct integers and an integer k.
    1 <= nums.length <= 10^5
    -10^9 <= nums[i] <= 10^9
    1 <= k <= nums.length"""
    signature = infer_signature("def f(nums, k): ...", "f", statement=text)
    nums = signature.params[0].type
    assert isinstance(nums, Seq)
    assert (nums.min_size, nums.max_size, nums.ordered) == (1, 10**5, True)
    assert nums.item == Int(-(10**9), 10**9)
    assert signature.params[1].type == Int(1)
    assert any(r.kind == "count" and r.sure for r in signature.relations)


def test_words_give_alphabet_and_size() -> None:
    facts = facts_in("s is non-empty and consists of lowercase English letters.", ["s"])
    assert facts["s"].min_size == 1
    assert facts["s"].alphabet == "abcdefghijklmnopqrstuvwxyz"


def test_an_example_overrules_a_misread_word() -> None:
    text = "Return how many positive integers the list has.\n>>> f([-1, 0, 2])\n1"
    signature = infer_signature(f'def f(a):\n    """{text}"""\n', "f")
    assert signature.params[0].type == Seq(Int())


def test_relations_from_use() -> None:
    code = """
def f(n, edges):
    g = [[] for _ in range(n)]
    for u, v in edges:
        g[u].append(v)
    return g
"""
    (relation, *_) = infer_signature(code, "f").relations
    assert (relation.kind, relation.a, relation.b, relation.sure) == ("vertices", 0, 1, True)
    code = "def f(a, b):\n    return sum(a[i] * b[i] for i in range(len(a)))\n"
    kinds = {r.kind for r in infer_signature(code, "f").relations if r.sure}
    assert kinds == {"same_length"}


def test_a_prompt_without_a_body_and_bad_code() -> None:
    assert infer_signature('def f(x: int):\n    """Doc."""\n', "f").params[0].type == Int()
    with pytest.raises(ValueError, match="no function g"):
        infer_signature("def f(x): ...", "g")
    with pytest.raises(ValueError, match="does not parse"):
        infer_signature("def f(x:", "f")
