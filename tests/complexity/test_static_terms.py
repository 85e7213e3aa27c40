"""The algebra of sizes, and its way back into the lattice."""

from hypothesis import given
from hypothesis import strategies as st

from nlogn.complexity import static_terms as t
from nlogn.complexity.bigo import CLASSES, parse, rank

LETTERS = {"n": "n", "m": "m"}
KNOWN = [c for c in CLASSES if "log log" not in c.name and "min" not in c.name]
monomials = st.sampled_from(
    [t.ONE, t.size("n"), t.size("m"), t.log(t.size("n")), t.power(t.size("n"), 0.5)]
)
terms = st.lists(st.lists(monomials, max_size=3).map(t.product), min_size=1, max_size=3).map(
    t.total
)


def test_every_class_of_the_lattice_comes_back() -> None:
    for big_o in KNOWN:
        spelled = t._spelled(big_o.name)
        assert spelled is not None, big_o
        assert t.classify(spelled, LETTERS) == (str(big_o), True)


@given(terms, terms, terms)
def test_sums_and_products_obey_the_laws(a: t.Terms, b: t.Terms, c: t.Terms) -> None:
    assert t.add(a, b) == t.add(b, a)
    assert t.mul(a, b) == t.mul(b, a)
    assert t.mul(a, t.add(b, c)) == t.add(t.mul(a, b), t.mul(a, c))
    assert t.add(a, a) == a and t.mul(a, t.ONE) == a


@given(terms, terms)
def test_a_sum_is_never_cheaper_than_its_parts(a: t.Terms, b: t.Terms) -> None:
    whole = t.classify(t.add(a, b), dict.fromkeys("nm", "n"))[0]
    part = t.classify(a, dict.fromkeys("nm", "n"))[0]
    if "unknown" not in (whole, part):
        assert rank(parse(whole)) >= rank(parse(part))


def test_passes_in_all_cancel_against_the_loops_around() -> None:
    n = t.size("n")
    shared = t.mul(n, t.inverse(n))
    assert t.mul(n, shared) == n
    assert t.mul(n, t.add(t.ONE, t.mul(t.size("m"), t.inverse(n)))) == t.add(n, t.size("m"))


def test_unknown_swallows_everything_but_is_not_forgotten() -> None:
    assert t.classify(t.mul(t.size("n"), t.UNKNOWN), LETTERS)[0] == "unknown"
    assert t.classify(t.add(t.size("n"), t.UNKNOWN), LETTERS)[0] == "unknown"


def test_what_the_lattice_lacks_is_rounded_up() -> None:
    n, m = t.size("n"), t.size("m")
    spelled, exact = t.classify(t.add(t.mul(n, m), t.mul(n, t.log(n))), LETTERS)
    assert (spelled, exact) == ("O(n*m log n)", False)


def test_substitution_puts_arguments_for_parameters() -> None:
    cost = t.mul(t.size("k"), t.log(t.size("xs")))
    values = {"k": t.size("n"), "xs": t.power(t.size("n"), 2)}
    assert t.classify(t.substitute(cost, values.get), LETTERS)[0] == "O(n log n)"
