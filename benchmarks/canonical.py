"""The reference solutions of HumanEval+ and MBPP+, judged on every input of those sets."""

import sys
import time

from benchmarks.data import folder
from nlogn.judge import judge_program
from nlogn.problems import load_problems
from nlogn.sandbox import Program, Sandbox

SETS = (("HumanEval+", "HumanEvalPlus.jsonl.gz"), ("MBPP+", "MbppPlus.jsonl.gz"))


def main() -> None:
    print("## Reference solutions accepted\n")
    print("Each set's own solution on its own base tests and plus inputs; what is not accepted is")
    print("named with its first failing case.\n")
    print("| set | accepted | cases run | seconds |")
    print("|---|---|---|---|")
    told = []
    with Sandbox(workers=1) as sandbox:
        for title, name in SETS:
            accepted = cases = 0
            problems = load_problems(folder() / "benchmarks" / name)
            start = time.perf_counter()
            for problem in problems:
                assert problem.reference is not None and problem.signature is not None
                program = Program(problem.reference.code, problem.signature.entry)
                verdict = judge_program(program, problem=problem, measure=False, sandbox=sandbox)
                accepted += verdict.accepted
                cases += verdict.cases.passed + verdict.cases.failed
                if not verdict.accepted:
                    failing = verdict.cases.smallest_failing
                    where = f" on {str(failing.args)[:80]}" if failing else ""
                    told.append(f"- {problem.name}: {verdict.status}{where}, {verdict.message}")
                    print(told[-1], file=sys.stderr)
            seconds = time.perf_counter() - start
            print(f"| {title} | {accepted}/{len(problems)} | {cases:,} | {seconds:.0f} |")
    print("\n" + "\n".join(told))


if __name__ == "__main__":
    main()
