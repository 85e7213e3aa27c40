"""Whole builds through the command line: what is planted is found, and nothing depends on luck."""

import gzip
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nlogn.corpus.build import CorpusError, Recipe, build, forget, nano, prepare
from nlogn.corpus.sources import SourceError
from nlogn.corpus.specials import SPECIALS
from nlogn.corpus.tokenizer import load_tokenizer
from nlogn.train.data import read_packed

SOURCE = Path(__file__).parents[2] / "src" / "nlogn"
MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this"
SECRET = "AKIA" + "Q3EGJ5XK7YVLZ2WD"
ROW = '''def lighthouses(lamps, threshold):
    """Check whether any two lighthouses on the coast stand nearer to each other than threshold."""
    return any(abs(a - b) < threshold for a in lamps for b in lamps if a is not b)
'''


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a space in its name: good files, and one of each thing to be found."""
    folder = tmp_path_factory.mktemp("raw code")
    (folder / "LICENSE").write_text(MIT)
    for name in ("order", "packing", "fim", "redact", "quality", "licences", "sources"):
        shutil.copy(SOURCE / "corpus" / f"{name}.py", folder / f"{name}.py")
    text = (folder / "order.py").read_text()
    (folder / "copy.py").write_text(text)
    (folder / "near.py").write_text(text.replace("The candidate", "That candidate"))
    start = (folder / "fim.py").read_text()[:1500].rpartition("\n\n")[0]
    secret = f'KEY = "{SECRET}"\nWHO = "jane.roe@gmail.com"\n'
    (folder / "leak.py").write_text(f"{start}\n\n{secret}")
    (folder / "benchmark.py").write_text("import math\n\n\n" + ROW * 2)
    (folder / "gpl").mkdir()
    (folder / "gpl" / "COPYING").write_text("GNU GENERAL PUBLIC LICENSE Version 3")
    (folder / "gpl" / "taken.py").write_text(text)
    (folder / "empty.py").write_text("")
    (folder / "broken.py").write_text("def broken(:\n" * 20)
    return folder


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "benchmarks").mkdir()
    row = {"task_id": "Set/3", "prompt": ROW, "canonical_solution": "    return None\n"}
    (folder / "benchmarks" / "Set.jsonl").write_text(json.dumps(row) + "\n")
    return folder


def run(code: Path, out: Path, data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(code, out, *more), env=environment(data), text=True,
                          capture_output=True, timeout=110, check=False)  # fmt: skip


def command(code: Path, out: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "nlogn", "corpus", "build", str(code), "-o", str(out),
        "--vocab", "600", "--tasks", "2", "--split-files", "--validation", "0.4", *more,
    ]  # fmt: skip


def environment(data: Path) -> dict[str, str]:
    return {**os.environ, "NLOGN_DATA": str(data), "OMP_NUM_THREADS": "1"}


def digests(out: Path) -> dict[str, str]:
    """Of what training reads, and of what the manifest says apart from seconds."""
    manifest = json.loads((out / "manifest.json").read_text())
    found = {
        str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in [*out.glob("*/*.npy"), out / "tokenizer" / "tokenizer.json"]
    }
    found["steps"] = hashlib.sha256(json.dumps(manifest["steps"]).encode()).hexdigest()
    return found


@pytest.fixture(scope="module")
def built(code: Path, benchmarks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "the corpus"
    done = run(code, out, benchmarks)
    assert done.returncode == 0, done.stderr
    assert "report.md" in done.stdout
    return out


def counts(out: Path, step: str) -> dict[str, int]:
    manifest = json.loads((out / "manifest.json").read_text())
    total: dict[str, int] = {}
    for row in manifest["steps"]:
        if row["step"] == step:
            for key, value in row["counts"].items():
                total[key] = total.get(key, 0) + value
    return total


def test_each_planted_thing_is_found(built: Path) -> None:
    assert counts(built, "licence")["dropped_licence_not_permissive"] == 1
    assert counts(built, "quality")["dropped_does_not_parse"] == 1
    assert counts(built, "exact-deduplication stage 3")["dropped"] == 1
    assert counts(built, "MinHash stage 4")["dropped"] == 1
    assert counts(built, "decontaminate")["dropped_in_Set"] == 1
    redacted = counts(built, "redact")
    assert redacted["redacted_aws-access-key"] == redacted["redacted_email"] == 1
    report = (built / "report.md").read_text()
    for told in ("gpl/taken.py", "broken.py", "shares with Set/Set/3", "in_Set", "core hours"):
        assert told in report
    assert SECRET not in report


def test_the_shards_are_what_the_manifest_says(built: Path, code: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    tokenizer = load_tokenizer(built / "tokenizer")
    assert {s["name"] for s in manifest["shards"]} == {"train-00000", "validation-00000"}
    text = ""
    for shard in manifest["shards"]:
        packed = read_packed(built / shard["name"])
        assert len(packed.tokens) == shard["tokens"]
        assert set(packed.labels) == {"paradigm", "time", "memory"}
        begins = np.load(built / shard["name"] / "documents.npy")
        assert len(begins) - 1 == shard["documents"]
        assert np.all(packed.tokens[begins[1:] - 1] == 0)
        for name, file in shard["files"].items():
            content = (built / shard["name"] / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
        text += tokenizer.decode(packed.tokens.tolist(), skip_special_tokens=False)
    for name in ("packing.py", "licences.py"):
        lines = (code / name).read_text().splitlines()
        broken = [line for line in lines if line.strip() not in text]
        assert len(broken) <= 2  # by the ends of a hole: of each file nothing is lost
    assert SECRET not in text and "jane.roe" not in text and "lighthouses" not in text
    assert "<aws-access-key>" in text and "<|fim_middle|>" in text
    assert 0 < text.count("<|fim_prefix|><|fim_suffix|>") < text.count("<|fim_prefix|>")
    assert manifest["classes"][0] == "O(1)" and len(manifest["paradigms"]) == 4
    assert tokenizer.token_to_id("<|fim_prefix|>") == SPECIALS.index("<|fim_prefix|>")


def test_validation_shares_no_file_with_training(built: Path) -> None:
    seen: dict[str, set[str]] = {"train": set(), "validation": set()}
    for path in (built / "work" / "composed").glob("*.jsonl"):
        for line in path.read_text().splitlines():
            about = json.loads(line)["metadata"]
            seen[about["split"]] |= {file[0] for file in about["files"]}
    assert seen["train"] and seen["validation"]
    assert not seen["train"] & seen["validation"]


def test_workers_and_an_interruption_change_nothing(
    code: Path, benchmarks: Path, built: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(code, out, "--workers", "2"), env=environment(benchmarks),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (out / "logs" / "near-sign" / "completions").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.json").exists()
    first = (out / "logs" / "collect" / "completions" / "00000").stat().st_mtime_ns
    done = run(code, out, benchmarks)
    assert done.returncode == 0, done.stderr
    assert (out / "logs" / "collect" / "completions" / "00000").stat().st_mtime_ns == first
    assert digests(out) == digests(built)


def test_mistakes_are_told(code: Path, benchmarks: Path, built: Path, tmp_path: Path) -> None:
    other = run(code, built, benchmarks, "--seed", "1")
    assert other.returncode == 2 and "(seed)" in other.stderr and "--fresh" in other.stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("x")
    full = run(code, tmp_path / "mine", benchmarks, "--fresh")
    assert full.returncode == 2 and "holds no build" in full.stderr
    assert (tmp_path / "mine" / "diary.txt").exists()
    none = run(code, tmp_path / "out", tmp_path / "nowhere")
    assert none.returncode == 2 and "NLOGN_DATA" in none.stderr
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(code / "order.py", bare)
    empty = run(bare, tmp_path / "nothing", benchmarks)
    assert empty.returncode == 2 and "licence_unknown" in empty.stderr
    assert "--licence" in empty.stderr
    missing = run(tmp_path / "no such folder", tmp_path / "out", benchmarks)
    assert missing.returncode == 2 and "no such folder" in missing.stderr
    assert "Traceback" not in other.stderr + full.stderr + none.stderr + missing.stderr
    (bare / "rows.jsonl.gz").write_bytes(gzip.compress(b"{}\n" * 9)[:-9])
    damaged = run(bare, tmp_path / "damaged", benchmarks, "--workers", "2")
    assert damaged.returncode == 2
    assert damaged.stderr.splitlines()[-1].endswith("end-of-stream marker was reached")


@pytest.mark.parametrize("at", [10, 0.5, -3])
def test_a_damaged_parquet_file_is_told(
    code: Path, benchmarks: Path, tmp_path: Path, at: float
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "rows.parquet"
    rows = [{"text": f"def f{i}(x):\n    return x + {i}\n"} for i in range(2000)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    data = bytearray(path.read_bytes())
    first = int(at * len(data)) if 0 < at < 1 else int(at)
    data[first : first + 3 if first + 3 else None] = b"\xff\xff\xff"
    path.write_bytes(data)
    done = run(path, tmp_path / "out", benchmarks)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"{path} is damaged" in done.stderr


def test_a_given_tokenizer_is_looked_at_first_and_becomes_part_of_the_corpus(
    code: Path, benchmarks: Path, built: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    done = run(code, tmp_path / "out", benchmarks, "--tokenizer", str(theirs))
    assert done.returncode == 2 and f"{theirs} has no tokenizer.json" in done.stderr
    whole = (built / "tokenizer" / "tokenizer.json").read_text()
    (theirs / "tokenizer.json").write_text(whole[:-100])
    done = run(code, tmp_path / "out", benchmarks, "--tokenizer", str(theirs))
    assert done.returncode == 2 and "is no tokenizer" in done.stderr
    (theirs / "tokenizer.json").write_text(whole.replace("<|fim_middle|>", "<|some|>"))
    done = run(code, tmp_path / "out", benchmarks, "--tokenizer", str(theirs))
    assert done.returncode == 2 and "has no <|fim_middle|>" in done.stderr
    words = json.loads(whole) | {"pre_tokenizer": {"type": "Whitespace"}}
    (theirs / "tokenizer.json").write_text(json.dumps(words))
    done = run(code, tmp_path / "out", benchmarks, "--tokenizer", str(theirs))
    assert done.returncode == 2 and "loses spaces" in done.stderr
    assert not (tmp_path / "out").exists()
    (theirs / "tokenizer.json").write_text(whole)
    given = str(theirs / "tokenizer.json")
    done = run(code, tmp_path / "out", benchmarks, "--tokenizer", given)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "tokenizer" / "tokenizer.json").read_text() == whole
    assert [p.name for p in theirs.iterdir()] == ["tokenizer.json"]


def test_a_column_that_nobody_reads_damages_no_file(
    code: Path, benchmarks: Path, tmp_path: Path
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = "def f(x):\n    total = 0\n    for y in x:\n        total += y\n    return total\n"
    table = pa.table({
        "text": [text.replace("f(", f"f{i}(").replace("total", f"sum{i}") for i in range(30)],
        "when": pa.array([2**62] * 30, pa.timestamp("us")),
        "exactly": pa.array([1] * 30, pa.timestamp("ns")),
        "language": ["python"] * 30, "license": ["mit"] * 30,
    })  # fmt: skip
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    done = run(path, tmp_path / "out", benchmarks)
    assert done.returncode == 0, done.stderr


def test_a_fresh_build_that_cannot_be_leaves_the_one_that_was(
    code: Path, benchmarks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    prepare([code], out, Recipe())
    kept = (out / "recipe.json").read_text()
    for more, told in (
        ([tmp_path / "nowhere"], "No such file"),
        ([code, out], "would delete"),
    ):
        with pytest.raises((CorpusError, SourceError), match=told):
            prepare(more, out, Recipe(), fresh=True)
    for tokenizer, told in ((out / "tokenizer", "has no tokenizer.json"), (code, "tokenizer.json")):
        with pytest.raises(CorpusError, match=told):
            prepare([code], out, Recipe(tokenizer=str(tokenizer)), fresh=True)
    none = run(code, out, tmp_path / "no benchmarks", "--fresh")
    assert none.returncode == 2 and "NLOGN_DATA" in none.stderr
    assert (out / "recipe.json").read_text() == kept
    prepare([code], out, Recipe(seed=1), fresh=True)
    assert json.loads((out / "recipe.json").read_text())["recipe"]["seed"] == 1


def test_a_fresh_build_reads_nothing_of_the_one_before_and_follows_a_link(
    code: Path, tmp_path: Path
) -> None:
    place = tmp_path / "project"
    shutil.copytree(code, place)
    for out in (place / "corpus", tmp_path / "link"):
        if out.name == "link":
            (tmp_path / "target").mkdir()
            out.symlink_to(tmp_path / "target")
        begun = prepare([place], out, Recipe())
        (out / "work" / "collected").mkdir(parents=True)
        (out / "work" / "collected" / "00000.jsonl").write_text('{"text": "x"}\n')
        again = prepare([place], out, Recipe(), fresh=True)
        assert [unit.files for unit in again] == [unit.files for unit in begun]
        assert not (out / "work").exists() and (out / "recipe.json").exists()
        forget(out)


def test_a_stage_takes_its_time_in_the_report(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    assert manifest["seconds"]["label"] > 0 and manifest["tokens_per_core_second"] > 0
    assert any("Processing done" in log.read_text() for log in (built / "logs").rglob("*.log"))


def test_a_build_goes_on_with_its_own_files_from_another_folder(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(code.parent)
    begun = prepare([Path(code.name)], tmp_path / "out", Recipe())
    monkeypatch.chdir(tmp_path)
    assert prepare([code], tmp_path / "out", Recipe()) == begun
    assert {Path(unit.root).is_absolute() for unit in begun} == {True}
    with pytest.raises(CorpusError, match="sources"):
        prepare([Path(code.name)], tmp_path / "out", Recipe())


def test_what_a_full_disk_left_of_a_record_is_no_other_build(code: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "recipe.part").write_text("{")
    prepare([code], out, Recipe())
    assert sorted(p.name for p in out.iterdir()) == ["recipe.json"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"recipe": {}}', '{"recipe": null, "units": []}', "[" * 99_999,
             '{"recipe": {}, "units": ["a"]}', '{"recipe": {}, "units": [{"name": "a"}]}'],
)  # fmt: skip
def test_a_damaged_record_of_a_build_is_told(tmp_path: Path, code: Path, text: str) -> None:
    out = tmp_path / "out"
    prepare([code], out, Recipe())
    (out / "recipe.json").write_text(text)
    with pytest.raises(CorpusError, match=r"recipe\.json is damaged"):
        prepare([code], out, Recipe())
    with pytest.raises(CorpusError, match="none of a build"):
        forget(out)
    assert out.exists()


def test_forget_deletes_builds_only(tmp_path: Path, code: Path) -> None:
    (tmp_path / "kept.txt").write_text("x")
    with pytest.raises(CorpusError, match="holds no build"):
        forget(tmp_path)
    assert (tmp_path / "kept.txt").exists()
    out = tmp_path / "out"
    prepare([code], out, Recipe())
    with pytest.raises(CorpusError, match="vocab_size"):
        prepare([code], out, Recipe(vocab_size=700))
    (out / "train-00000").mkdir()
    (out / "notes.md").write_text("mine")
    with pytest.raises(CorpusError, match=r"more than a build \(notes\.md\)"):
        forget(out)
    (out / "notes.md").unlink()
    forget(out)
    assert not out.exists()
    (tmp_path / "recipe.json").write_text('{"name": "somebody else\'s"}')
    with pytest.raises(CorpusError, match="none of a build"):
        forget(tmp_path)
    assert (tmp_path / "kept.txt").exists()


@pytest.mark.slow
def test_ray_builds_the_same(code: Path, benchmarks: Path, built: Path, tmp_path: Path) -> None:
    done = run(code, tmp_path / "out", benchmarks, "--executor", "ray", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert digests(tmp_path / "out") == digests(built)


def test_slurm_gets_one_script_per_stage_each_after_the_one_before(
    code: Path, benchmarks: Path, tmp_path: Path
) -> None:
    """A stand-in `sbatch` keeps what it is given."""
    fake = tmp_path / "bin" / "sbatch"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\nn=$(ls "$JOBS" | wc -l)\nfor last; do :; done\n'
        'cp "$last" "$JOBS/$(printf %03d $n).sh"\necho "$@" >> "$JOBS.arguments"\n'
        'echo "Submitted batch job $((1000 + n))"\n'
    )
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    out = tmp_path / "out"
    path = f"{fake.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**environment(benchmarks), "PATH": path, "JOBS": str(jobs)}
    more = ["--executor", "slurm", "--workers", "2", "--partition", "fast", "--setup", "true here"]
    done = subprocess.run(command(code, out, *more), env=env, capture_output=True, text=True,
                          timeout=110, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "queued" in done.stdout
    scripts = [p for p in sorted(jobs.iterdir()) if "launch_pickled_pipeline" in p.read_text()]
    stages = [json.loads((out / "logs" / s / "executor.json").read_text())["job_name"]
              for s in ("collect", "near-find", "pack", "report")]  # fmt: skip
    assert stages == ["corpus-collect", "corpus-near-find", "corpus-pack", "corpus-report"]
    text = scripts[0].read_text()
    for line in ("#SBATCH --partition=fast", "#SBATCH --array=0-1%2", "true here"):
        assert line in text
    submitted = (tmp_path / "jobs.arguments").read_text().splitlines()
    waiting = [line for line in submitted if "--dependency=afterok:" in line]
    assert len(waiting) == len(scripts) - 1  # all but the first wait for the one before


def test_the_nano_recipe_keeps_this_project_and_tests_out() -> None:
    recipe = nano(seed=3)
    assert recipe.seed == 3 and "nlogn" in recipe.skip
    assert not recipe.quality.keep_tests and recipe.vocab_size == 8192


@pytest.mark.slow
def test_the_bank_alone_makes_a_corpus(benchmarks: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("NLOGN_DATA", str(benchmarks))
    recipe = Recipe(variants=2, vocab_size=1000, tasks=2, sequence=256, fim=0.3)
    manifest = build([], tmp_path / "out", recipe)
    by_name = {s["name"]: s for s in manifest["shards"]}
    assert {"train-00000", "finetune-00000"} <= by_name.keys()
    packed = read_packed(tmp_path / "out" / "train-00000")
    assert len(packed.tokens) % 256 == 0
    assert set(np.unique(packed.labels["paradigm"])) >= {0, 1, 2, 3}
    assert (packed.labels["time"] >= 0).any()


def test_annotated_programs_bring_their_labels(
    benchmarks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    from nlogn.annotate.table import schema
    from nlogn.complexity.bigo import CLASSES
    from nlogn.corpus.bank_documents import held_out
    from nlogn.problems import bank

    monkeypatch.setenv("NLOGN_DATA", str(benchmarks))
    empty = {name: None for name in schema().names}
    points = [{"n": 8, "m": None, "cost": 9.0, "shape": "random"}]
    rows = [
        empty | {"problem": problem.name, "code": f"KEPT = []\n\n\ndef f{i}(x):\n    {body}\n",
                 "status": "accepted", "time_class": "O(n log n)", "memory_class": "O(1)",
                 "lines": [], "time_points": points, "leak_line": line, "paradigm": "web",
                 "kind": "variant", "origin": "best"}
        for i, problem in enumerate(bank()[:40])
        for body, line in (("KEPT.append(x)", 5), ("return [x, x]", None))
    ]  # fmt: skip
    table = tmp_path / "table.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema()), table)
    recipe = Recipe(annotated=(str(table),), vocab_size=600, tasks=2, decontaminate=False)
    out = tmp_path / "corpus"
    build([], out, recipe)
    packed = read_packed(out / "train-00000")
    tokenizer = load_tokenizer(out / "tokenizer")
    leaking = tokenizer.decode(np.asarray(packed.tokens)[packed.labels["leak"] == 1].tolist())
    taught = [p for p in bank()[:40] if not held_out(p.name)]
    assert 0 < leaking.count("KEPT.append(x)") <= len(taught) < 40
    assert leaking.replace("KEPT.append(x)", "").strip() == ""
    timed = packed.labels["time"][packed.labels["leak"] == 1]
    assert {str(CLASSES[number]) for number in set(timed.tolist())} == {"O(n log n)"}
    assert counts(out, "annotated programs")["leaking"] == len(taught)
    pq.write_table(pa.Table.from_pylist(rows[:2], schema=schema()), table)
    with pytest.raises(CorpusError, match="other settings \\(tables"):
        build([], out, recipe)
    with pytest.raises(CorpusError, match=r"no table .*nowhere"):
        build([], tmp_path / "other", Recipe(annotated=("nowhere",), decontaminate=False))
    # a build of before there were tables is gone on with
    record = out / "recipe.json"
    older = json.loads(record.read_text())
    for part, name in (
        (older, "tables"),
        (older["recipe"], "annotated"),
        (older["recipe"], "each"),
    ):
        del part[name]
    record.write_text(json.dumps(older))
    assert prepare([], out, Recipe(vocab_size=600, tasks=2, decontaminate=False)) == []
