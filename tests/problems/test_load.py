"""Other people's formats, recognised by content, and archives that mean harm."""

import gzip
import io
import json
import os
import tarfile
import time
import zipfile

import pytest

from nlogn import jsonable
from nlogn.problems import ProblemError, archives, bank_problem, load_problem, load_problems

PACKAGE = {
    "problem.yaml": "name: Sum\nlimits:\n  memory: 64\nlicense: cc0\n",
    "problem_statement/problem.en.tex": "\\problemname{Sum}\nAdd \\textbf{two} numbers.",
    "data/sample/1.in": "1 2\n",
    "data/sample/1.ans": "3\n",
    "data/secret/10.in": "5 6\n",
    "data/secret/10.ans": "11\n",
    "data/secret/2.in": "2 2\n",
    "data/secret/2.ans": "4\n",
    "submissions/accepted/sum.py": "print(sum(map(int, input().split())))\n",
    "submissions/accepted/old.py": "print 'python 2'\n",
    "submissions/wrong_answer/first.cc": "int main() {}\n",
}


def write_folder(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def write_tar(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.fixture(params=["folder", "zip", "tar.gz", "nested tar", "misnamed zip"])
def package(request, tmp_path):
    nested = {f"sum/{name}": text for name, text in PACKAGE.items()}
    match request.param:
        case "folder":
            return write_folder(tmp_path / "sum", PACKAGE)
        case "zip":
            return write_zip(tmp_path / "sum.zip", PACKAGE)
        case "tar.gz":
            return write_tar(tmp_path / "sum.tar.gz", PACKAGE)
        case "nested tar":
            return write_tar(tmp_path / "all.tar", nested, "w")
        case _:
            return write_zip(tmp_path / "sum.txt", nested)


def test_a_kattis_package_is_a_whole_program(package):
    problem = load_problem(package)
    assert (problem.name, problem.title, problem.signature) == ("sum", "Sum", None)
    assert problem.statement == "Add two numbers."
    assert [(c.stdin, c.expected) for c in problem.examples] == [("1 2\n", "3\n")]
    assert [c.note for c in problem.tests] == ["secret/2", "secret/10"]
    assert problem.memory_limit_bytes == 64 << 20
    assert [s.name for s in problem.solutions] == ["sum.py"]
    assert [(w.name, w.language, w.reason) for w in problem.wrong] == [
        ("first.cc", "cpp", "wrong answer")
    ]


@pytest.mark.parametrize(
    ("flags", "right", "wrong"),
    [
        ("", ["YES  3\n", "yes 3"], ["YES 3.0", "YES", "YES 3 3"]),
        ("case_sensitive", ["Yes 3"], ["yes 3"]),
        ("space_change_sensitive", ["Yes 3\n"], ["Yes  3\n", "Yes 3"]),
        ("float_tolerance 1e-3", ["Yes 3"], ["Yes 3.5", "Yes 3.0001"]),
    ],
)
def test_the_default_validator_is_a_checker(tmp_path, sandbox, flags, right, wrong):
    from nlogn.sandbox import Program

    files = PACKAGE | {"problem.yaml": f"name: Sum\nvalidator_flags: {flags}\n"}
    problem = load_problem(write_folder(tmp_path / "sum", files))
    calls = [(("",), "Yes 3\n", got) for got in right + wrong]
    outcomes = sandbox.call(Program(problem.checker, "check"), calls)
    assert [o.value for o in outcomes] == [True] * len(right) + [False] * len(wrong)


def test_floats_are_compared_within_the_tolerance(tmp_path, sandbox):
    from nlogn.sandbox import Program

    files = PACKAGE | {
        "problem.yaml": "name: Sum\nvalidator_flags: float_relative_tolerance 1e-2\n"
    }
    problem = load_problem(write_folder(tmp_path / "sum", files))
    calls = [((""), "100.0 7", got) for got in ("100.5 7", "1.005e2 7", "102 7", "nan 7", "inf 7")]
    outcomes = sandbox.call(Program(problem.checker, "check"), calls)
    assert [o.value for o in outcomes] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"problem.yaml": "validation: custom\n"}, "validator of its own"),
        ({"output_validators/v/v.cc": "x"}, "validator of its own"),
        ({"problem.yaml": "type: interactive\n"}, "interactive"),
        ({"problem.yaml": "validation: custom interactive\n"}, "interactive"),
        ({"problem.yaml": "type: [pass-fail, multi-pass]\n"}, "multi-pass"),
        ({"problem.yaml": "validator_flags: fuzzy\n"}, "fuzzy"),
        ({"problem.yaml": "validator_flags: float_tolerance much\n"}, "unknown validator flag"),
        ({"problem.yaml": "{[\n"}, "no valid YAML"),
        ({"problem.yaml": "- a\n"}, "mapping"),
        ({"problem.yaml": "a: &a [x, x]\nb: &b [*a, *a]\nname: [*b, *b]\n"}, "aliases"),
        ({"problem.yaml": "name: " + "x" * 70_000}, "more than 64 KiB"),
        ({"problem.yaml": "name: 2021-13-45\n"}, "no valid YAML"),
        ({"problem.yaml": "type: [[interactive]]\nvalidation: interactive\n"}, "interactive"),
        ({"problem.yaml": "!!python/name:os.system x\n"}, "no valid YAML"),
        ({"problem.yaml": "limits: 7\n"}, "limits must be a mapping"),
        ({"problem.yaml": "limits: {time_limit: .nan}\n"}, "time limit nan is no number"),
        ({"problem.yaml": "limits: {memory: -1}\n"}, "memory limit -1 is no number"),
        ({"data/secret/3.in": "1 1\n"}, "no 3.ans"),
        ({"problem_statement/problem.en.tex": " \n"}, "statement is empty"),
        ({"data/secret/testdata.yaml": "output_validator_flags: case_sensitive",
          "data/sample/testdata.yaml": "output_validator_flags: float_tolerance 1"},
         "different ways"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_in_words(tmp_path, changed, said):
    folder = write_folder(tmp_path / "sum", PACKAGE | changed)
    with pytest.raises(ProblemError, match=said):
        load_problem(folder)
    skipped = []
    assert load_problems(folder, skipped=skipped) == [] and len(skipped) == 1


def test_links_are_followed_within_a_package_only(tmp_path):
    folder = write_folder(tmp_path / "sum", PACKAGE)
    (folder / "data/secret/3.in").symlink_to("2.in")
    (folder / "data/secret/3.ans").symlink_to("../secret/2.ans")
    assert [c.expected for c in load_problem(folder).tests] == ["4\n", "4\n", "11\n"]
    (folder / "data/secret/4.in").symlink_to("/etc/passwd")
    with pytest.raises(ProblemError, match="leads out"):
        load_problem(folder)


def test_a_folder_may_not_hold_pipes(tmp_path):
    folder = write_folder(tmp_path / "sum", PACKAGE)
    os.mkfifo(folder / "data/secret/5.in")
    with pytest.raises(ProblemError, match="no plain file"):
        load_problem(folder)


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil", "a/../../evil", "C:/evil", "a\\..\\b"]
)
def test_names_that_leave_an_archive(tmp_path, name):
    for file in (write_zip(tmp_path / "a.zip", PACKAGE | {name: "x"}),
                 write_tar(tmp_path / "a.tar.gz", PACKAGE | {name: "x"})):  # fmt: skip
        with pytest.raises(ProblemError, match="leads out"):
            load_problems(file)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_out_and_devices_in_a_tar(tmp_path, kind):
    file = tmp_path / "a.tar"
    with tarfile.open(file, "w") as archive:
        info = tarfile.TarInfo("sum/data/secret/1.in")
        info.type, info.linkname = kind, "../../../../etc/passwd"
        archive.addfile(info)
    with pytest.raises(ProblemError, match=r"leads out|device"):
        load_problems(file)


def test_links_in_circles(tmp_path):
    file = tmp_path / "a.tar"
    with tarfile.open(file, "w") as archive:
        for name, target in (("a", "b"), ("b", "a")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    with pytest.raises(ProblemError, match="not there"):
        load_problems(file)


def test_bombs_are_refused_before_they_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 1 << 20)
    zeros = "\0" * (1 << 22)
    files = [
        write_zip(tmp_path / "a.zip", {"x": zeros}),
        write_zip(tmp_path / "b.zip", {f"x{i}": zeros[: 1 << 18] for i in range(9)}),
        write_tar(tmp_path / "a.tar.gz", {"x": zeros}),
        tmp_path / "a.jsonl.gz",
    ]
    files[-1].write_bytes(gzip.compress(b"0" * (1 << 22)))
    for file in files:
        with pytest.raises(ProblemError, match="refused"):
            load_problems(file)


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILES", 5)
    with pytest.raises(ProblemError, match="more than 5 files"):
        load_problems(write_zip(tmp_path / "a.zip", PACKAGE))


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["zip", "tar.gz", "jsonl.gz"])
def test_torn_files(tmp_path, kind, keep):
    file = tmp_path / f"a.{kind}"
    if kind == "zip":
        write_zip(file, PACKAGE)
    elif kind == "tar.gz":
        write_tar(file, PACKAGE)
    else:
        file.write_bytes(gzip.compress(os.urandom(999)))
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(ProblemError):
        load_problems(file)


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ('{"a": 1}\n', "no known set", 1),
        ('{"task_id": 1, "prompt": "x", "entry_point": "f", "canonical_solution": "", "test": ""}',
         "malformed", 1),
        ('{"b": \n{"a": 1}\n', "no JSON", 1),
        ('[\n{"a": 1,\n "b": 2\n}\n', "no JSON", 1),
        ('{"a": ' + "9" * 5000 + "}", "no JSON", 1),
        ("[1, 2]\n", "must be an object", 1),
        ("[" * 100000, "no JSON", 1),
        ('{"text": "t", "code": "def f(", "task_id": 1, "test_list": []}', "malformed", 1),
        ('{"text": "t", "code": "def f(): 1", "task_id": 1, "test_list": ["assert g() == 1"]}',
         "no test calls", 1),
        ('{"text": "t", "code": 7, "task_id": 1, "test_list": []}', "`code` must be text", 1),
        ('{"text": "t", "code": "", "task_id": 1, "test_list": "x"}', "must be a list", 1),
        ('{"name": "p", "statement": "s", "tests": 5}', "`tests` must be a list of objects", 1),
        ('{"name": "p", "statement": "s", "solutions": [{"name": "x"}]}', "malformed.*code", 1),
        ('{"name": "p", "statement": "s", "time_limit_s": NaN}', "`time_limit_s` is nan", 1),
        ('{"name": "p", "statement": "s", "memory_limit_bytes": -1}', "finite number", 1),
    ],
)  # fmt: skip
def test_rows_that_are_none(tmp_path, text, said, line):
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(ProblemError, match=said) as caught:
        load_problems(file)
    assert caught.value.line == line


def test_good_rows_are_kept_where_bad_ones_may_be_skipped(tmp_path):
    good = json.dumps({"text": "Add.", "task_id": 7, "code": "def f(a, b):\r\n  return a + b",
                       "test_list": ["assert f(1, 2) == 3"]})  # fmt: skip
    file = tmp_path / "rows.json"
    file.write_text(f'{{oops\n{good}\n{{"a": 1}}\n3\n{good}\n{good}')
    skipped = []
    problem, *others = load_problems(file, skipped=skipped)
    assert problem.signature.entry == "f" and problem.tests[0].args == (1, 2)
    assert [e.line for e in skipped] == [1, 3, 4] and others == [problem, problem]
    file.write_text(f"[{good}, {good}]")
    assert load_problems(file) == [problem, problem]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("a.zip", b"", "nothing in it"), ("a.jsonl", b"\n \n", "nothing in it"),
     ("a.tar", b"\0" * 10240, "nothing in it"),
     ("a.gz", gzip.compress(b"", mtime=0), "nothing in it"),  # the time would be in its name
     ("a.json", b"[]", "empty list"), ("a.zip", b"\1\2\0", "no archive that can be read")],
)  # fmt: skip
def test_what_holds_nothing_says_so(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ProblemError, match=said):
        load_problems(tmp_path / name)


def test_names_of_tests_may_be_any_numbers_and_never_command_the_terminal(tmp_path):
    digits = {f"data/secret/{n}.{kind}": "1\n" for n in ("10", "9" * 5000, "1²2", "9")
              for kind in ("in", "ans")}  # fmt: skip
    problem = load_problem(write_zip(tmp_path / "a.zip", PACKAGE | digits))
    notes = [case.note for case in problem.tests if case.note in ("secret/9", "secret/10")]
    assert notes == ["secret/9", "secret/10"]
    file = write_zip(tmp_path / "b.zip", PACKAGE | {"data/secret/\x1b[31m.in": "1\n"})
    with pytest.raises(ProblemError, match=r"\\x1b\[31m"):
        load_problems(file)


def test_an_export_of_ours_comes_back(tmp_path):
    problem = bank_problem("two_sum")
    file = tmp_path / "out.jsonl"
    file.write_text(json.dumps(jsonable.dump(problem)) + "\n")
    assert load_problem(file) == problem


def test_a_folder_of_statements(tmp_path):
    write_folder(tmp_path, {"b.md": "Do b.", "a.md": "Do a.", "c.txt": "not this"})
    assert [p.name for p in load_problems(tmp_path)] == ["a", "b"]


def test_several_problems_are_not_one(tmp_path):
    write_folder(tmp_path, {"b.md": "Do b.", "a.md": "Do a."})
    with pytest.raises(ProblemError, match="holds 2 problems"):
        load_problem(tmp_path)


# The public sets, where they are at hand.


@pytest.mark.parametrize(
    ("file", "count", "scripts"),
    [
        ("HumanEval.jsonl.gz", 164, 7),
        ("HumanEvalPlus.jsonl.gz", 164, 7),
        ("mbpp.jsonl.gz", 974, 5),
        ("MbppPlus.jsonl.gz", 378, 1),
        ("leetcode_contest_180.jsonl.gz", 180, 2),
    ],
)
def test_every_row_of_a_public_set_loads(data, file, count, scripts):
    started = time.monotonic()
    problems = load_problems(data / "benchmarks" / file)
    assert len({p.name for p in problems}) == len(problems) == count
    assert time.monotonic() - started < 30
    for problem in problems:
        assert problem.statement and problem.signature and problem.tests
        for case in problem.tests:
            if case.args is not None:
                most = len(problem.signature.parameters)
                assert len(case.args) <= most, problem.name
    assert sum(any(c.script for c in p.tests) for p in problems) <= scripts


def test_the_example_packages(data):
    skipped = []
    problems = load_problems(data / "contests" / "kattis_examples.tar.gz", skipped=skipped)
    assert [p.name for p in problems] == ["hello", "oddecho"]
    assert len(skipped) == 2


@pytest.mark.parametrize("file", ["HumanEvalPlus.jsonl.gz", "MbppPlus.jsonl.gz"])
def test_references_pass_their_own_tests(data, sandbox, file):
    """Every reference agrees with its own assertions, read as cases, inputs restored."""
    from nlogn.sandbox import Limits, Program

    for problem in load_problems(data / "benchmarks" / file)[::3]:
        cases = [c for c in problem.tests if c.args is not None][:12]
        program = Program(problem.reference.code, problem.signature.entry)
        outcomes = sandbox.call(program, [c.args for c in cases], Limits(wall_s=5))
        for case, outcome in zip(cases, outcomes, strict=True):
            if outcome.status == "unserialisable":  # a match object, where only truth is asserted
                assert "bool(got)" in (problem.checker or ""), problem.name
                continue
            assert outcome.status == "ok", (problem.name, case.args, outcome.error)
            if case.has_expected and problem.checker is None and not problem.tolerance:
                assert outcome.value == case.expected, (problem.name, case.args)
