"""A variant is measured on the shapes of input that decided what its solution is."""

from nlogn.annotate.record import grown
from nlogn.annotate.units import Task, Unit, Worker
from nlogn.annotate.variants import variants
from nlogn.complexity import Complexity
from nlogn.problems import bank
from nlogn.sandbox import Program


def _worker(name: str) -> tuple[Worker, Task]:
    task = Task(name, problem=next(p for p in bank() if p.name == name))
    worker = Worker("auto")
    worker._prepare(Unit(task, 0, 1, 0))
    return worker, task


def _told(growth: Complexity):
    """All that does not depend on a clock."""
    return (growth.time.big_o, growth.memory.big_o,
            [(p.n, p.m, p.cost, p.shape) for p in growth.time.points],
            [(p.n, p.m, p.cost, p.shape) for p in growth.memory.points])  # fmt: skip


def test_fewer_shapes_tell_a_variant_what_all_of_them_do_and_a_slower_one_is_found():
    worker, task = _worker("two_sum")
    try:
        problem, suite = task.problem, worker._suite
        assert problem is not None and problem.signature is not None and suite is not None
        assert len(suite.sized) > 1, "the problem has one shape: choose another for this test"
        entry = problem.signature.entry
        by_time = {s.time: s for s in problem.solutions}
        fast, slow = by_time["O(n)"], by_time["O(n^2)"]

        def measured(code: str, origin=None):
            return grown(Program(code, entry), suite, worker.sandbox,
                         problem=problem, seed=0, origin=origin)  # fmt: skip

        origin = measured(fast.code)
        one = next(iter(variants(fast.code, entry, seed=0))).code
        few, full = measured(one, origin), measured(one)
        assert _told(few) == _told(full)
        told = _told(measured(slow.code, origin))
        assert told[0] == "O(n^2)" and told == _told(measured(slow.code))
    finally:
        worker.sandbox.close()
