"""`build`: folders, checkouts, packages and rows in, shards that training reads out.

    collect -> exact -> near -> label -> balance -> compose -> tokenizer -> tokenise -> pack

What a build is follows from its `Recipe` and its sources alone: neither the number of workers nor
an interruption changes a byte of it.
"""

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlogn import __version__
from nlogn.corpus.quality import Quality
from nlogn.corpus.sources import Unit, plan
from nlogn.problems.load import BANK

if TYPE_CHECKING:
    from nlogn.corpus.execute import ExecutorKind, Progress, Slurm


_PART = re.compile(  # what a build leaves in its folder
    r"(?:recipe|report)\.(?:part|json|md)|manifest\.json(?:\.part)?|work|logs|dropped|tokenizer|"
    r"(?:train|validation|finetune)-\d{5,}"
)


_PARTIAL = "recipe.part"


class CorpusError(Exception):
    """A corpus cannot be built so; the message says what to change."""


@dataclass(frozen=True)
class Recipe:
    """What is done to the sources.

    `licence` covers files that state none; `temperature` balances languages (1: as found); `fim` is
    the share of files with holes, `piece` the longest piece with one, `longest` the longest
    repository document, both in characters; `validation` the share of units (`whole_units`) or
    files kept apart; `sequence` the length that documents are packed into whole where they fit (0:
    one after the other); `variants` the renderings of each problem of the bank (0: none);
    `annotated` tables of `nlogn bank annotate`, of which `each` programs of a problem are taken;
    `tasks` and `shards` how the work and the output are divided, which is part of the result.
    """

    name: str = "build"
    seed: int = 0
    licence: str = ""
    quality: Quality = field(default_factory=Quality)
    skip: tuple[str, ...] = ()
    near_duplicates: bool = True
    decontaminate: bool = True
    alignment: float = 0.05
    temperature: float = 1.0
    longest: int = 40_000
    whole_units: bool = True
    validation: float = 0.02
    variants: int = 0
    annotated: tuple[str, ...] = ()
    each: int = 24
    vocab_size: int = 32_768
    tokenizer: str = ""
    sample: int = 200_000_000
    context: int = 4096
    fim: float = 0.5
    piece: int = 12_000
    sequence: int = 0
    tasks: int = 8
    shards: int = 1


def nano(seed: int = 0) -> Recipe:
    """The corpus of the `nano` network: the bank rendered many ways, and Python around it."""
    return Recipe(
        name="nano", seed=seed, quality=Quality(keep_tests=False), skip=("nlogn",), variants=160,
        vocab_size=8192, sample=60_000_000, context=1024, fim=0.8, piece=2800, sequence=1024,
        longest=20_000, whole_units=False, validation=0.01,
    )  # fmt: skip


def nano_sources() -> list[Path]:
    """The standard library and the installed packages of the Python that runs."""
    import sysconfig

    paths = sysconfig.get_paths()
    return [Path(paths["stdlib"]), Path(paths["purelib"])]


def versions() -> dict[str, str]:
    packages = ("datatrove", "tokenizers", "numpy", "tree-sitter", "tree-sitter-python")
    return {"nlogn": __version__, "python": platform.python_version(),
            **{name: version(name) for name in packages}}  # fmt: skip


def bank_digest() -> str:
    """Of the bank's files: labels, renderings and what is kept out follow from them."""
    digest = hashlib.sha256()
    for path in sorted(BANK.glob("*.md")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def prepare(sources: Sequence[Path], out: Path, recipe: Recipe, fresh: bool = False) -> list[Unit]:
    """Write down what is about to be built, or check that `out` holds the same build. With `fresh`
    a build in `out` is deleted, once all that the new one reads is known to be there.

    Raises:
        CorpusError: the folder holds another build, or files that are none.
        SourceError: a source cannot be read.
    """
    out = out.resolve()
    record = out / "recipe.json"
    if recipe.tokenizer:
        _check_tokenizer(Path(recipe.tokenizer))
    sources = [source.absolute() for source in sources]  # it may go on from another folder
    wanted: dict[str, Any] = json.loads(json.dumps(
        {"recipe": asdict(recipe), "sources": [str(s) for s in sources], "bank": bank_digest(),
         "tables": _tables(recipe)}
    ))  # fmt: skip
    if record.exists() and not fresh:
        found = _record(record)
        if found is None:
            raise CorpusError(f"{record} is damaged, or none of a build: give another folder, or"
                              " delete this one")  # fmt: skip
        usual = json.loads(json.dumps(asdict(Recipe())))  # what a build did before it could be said
        tables = found.get("tables", {})
        if recipe.tokenizer:  # whose digest was not kept
            tables = wanted["tables"] | tables
        begun = [str(Path(source).absolute()) for source in found.get("sources", [])]
        found = {**found, "recipe": usual | found["recipe"], "tables": tables, "sources": begun}
        changed = sorted(
            [k for k in wanted["recipe"] if wanted["recipe"][k] != found["recipe"][k]]
            + [k for k in ("sources", "bank", "tables") if wanted[k] != found.get(k)]
        )
        if changed:
            raise CorpusError(
                f"{out} holds a build with other settings ({', '.join(changed)}): give another "
                "folder, or --fresh to begin anew"
            )
        return _units(found)
    if fresh:
        read = [*recipe.annotated, *([recipe.tokenizer] if recipe.tokenizer else [])]
        for path in (*sources, *map(Path, read)):
            if path.resolve().is_relative_to(out):
                raise CorpusError(
                    f"{path} lies in {out}, which --fresh would delete: copy it first"
                )
    else:
        _check_empty(out)
    units = [_outside(u, out) for u in plan(sources, recipe.licence, recipe.skip)]
    units = [u for u in units if u.files]
    if recipe.name == "nano":
        units = [
            replace(u, licence="PSF-2.0", name="python") if u.root == str(sources[0]) else u
            for u in units
        ]
    if fresh:
        forget(out)
    out.mkdir(parents=True, exist_ok=True)
    part = out / _PARTIAL
    part.write_text(json.dumps({**wanted, "versions": versions(),
                                "units": [asdict(u) for u in units]}))  # fmt: skip
    part.replace(record)
    return units


def _check_empty(out: Path) -> None:
    """Of a folder without a record: it holds no more than what a full disk left of one."""
    if out.exists() and any(path.name != _PARTIAL for path in out.iterdir()):
        raise CorpusError(f"{out} is not empty and holds no build: give another folder")


def _record(path: Path) -> dict[str, Any] | None:
    """What `prepare` wrote there; None if it did not."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        _units(found)
        return found if isinstance(found["recipe"], dict) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _units(record: dict[str, Any]) -> list[Unit]:
    return [Unit(**{**u, "files": tuple(u["files"])}) for u in record["units"]]


def _outside(unit: Unit, out: Path) -> Unit:
    """The unit without the files of a build that lies in it."""
    root = Path(unit.root).resolve()
    if root.is_relative_to(out):
        return replace(unit, files=())
    if not out.is_relative_to(root):
        return unit
    inside = f"{out.relative_to(root)}{os.sep}"
    return replace(unit, files=tuple(f for f in unit.files if not f.startswith(inside)))


def _tables(recipe: Recipe) -> dict[str, str]:
    """The digests of the tables of annotated programs, and of a given tokenizer."""
    from nlogn.corpus.packing import sha256

    tokenizer = [str(Path(recipe.tokenizer) / "tokenizer.json")] if recipe.tokenizer else []
    return {path: sha256(Path(path)) for path in (*recipe.annotated, *tokenizer)}


def _check_tokenizer(folder: Path) -> None:
    from nlogn.corpus.specials import SPECIALS
    from nlogn.corpus.tokenizer import BadTokenizer, load_tokenizer

    try:
        tokenizer = load_tokenizer(folder)
    except BadTokenizer as error:
        raise CorpusError(str(error)) from None
    lacks = [token for token in SPECIALS if tokenizer.token_to_id(token) is None]
    if lacks:
        raise CorpusError(f"{folder}: the tokenizer has no {', '.join(lacks[:3])}: give one that"
                          " nlogn learned, or leave --tokenizer out to learn one")  # fmt: skip
    vocabulary = tokenizer.get_vocab()
    if max(vocabulary.values(), default=0) >= len(vocabulary):
        raise CorpusError(f"{folder}: the tokenizer's numbers have gaps: give another")
    text = "def f(x):\n    return x + 1  # é\n"
    if tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids) != text:
        raise CorpusError(f"{folder}: the tokenizer loses spaces or letters of code: give another")


def forget(out: Path) -> None:
    """Delete a build, and nothing that is none.

    Raises:
        CorpusError: the folder holds something else too, or a recipe.json that is none of ours.
    """
    out = out.resolve()
    record = out / "recipe.json"
    if not record.exists():
        _check_empty(out)
        return
    if _record(record) is None:
        raise CorpusError(f"{record} is none of a build: give another folder")
    foreign = sorted(p.name for p in out.iterdir() if not _PART.fullmatch(p.name))
    if foreign:
        raise CorpusError(
            f"{out} holds more than a build ({', '.join(foreign[:3])}): move it away, or give"
            " another folder"
        )
    shutil.rmtree(out)


def build(
    sources: Sequence[Path],
    out: Path,
    recipe: Recipe,
    *,
    executor: "ExecutorKind" = "local",
    workers: int = 1,
    slurm: "Slurm | None" = None,
    progress: "Progress" = lambda stage, done, total: None,
    fresh: bool = False,
) -> dict[str, Any]:
    """Build, or go on with, the corpus in `out`; with `fresh`, begin anew. Returns the manifest, or
    on Slurm the numbers of the jobs that were queued, the last of which writes the manifest.

    Raises:
        CorpusError, SourceError: as `prepare`; the benchmarks are missing.
        OSError: the disk is full, a folder cannot be written.
    """
    from nlogn.corpus.annotated import AnnotatedError, read_annotated
    from nlogn.corpus.benchmarks import FOLDERS, data_folder
    from nlogn.corpus.execute import run_stages
    from nlogn.corpus.stages import stages

    recipe = replace(
        recipe,
        annotated=tuple(str(Path(table).absolute()) for table in recipe.annotated),
        tokenizer=str(Path(recipe.tokenizer).absolute()) if recipe.tokenizer else "",
    )
    data = data_folder()
    if recipe.decontaminate and not any((data / name).is_dir() for name in FOLDERS):
        raise CorpusError(
            f"no benchmarks to keep out in {data}: set NLOGN_DATA to a folder that has "
            f"{' or '.join(FOLDERS)}/, or say --no-decontamination"
        )
    if recipe.annotated and (fresh or not (out / "manifest.json").exists()):
        try:
            read_annotated(*map(Path, recipe.annotated))
        except AnnotatedError as error:
            raise CorpusError(str(error)) from None
    units = prepare(sources, out, recipe, fresh)
    planned = stages(recipe, units, out, data)
    jobs = run_stages(
        planned, out / "logs", executor=executor, workers=workers, slurm=slurm, progress=progress
    )
    if executor == "slurm":
        return {"jobs": jobs}
    from nlogn.corpus.packing import damaged

    try:
        manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text())
        wrong = damaged(out, manifest)
        tokens = sum(int(shard["tokens"]) for shard in manifest["shards"])
        empty = "" if tokens else _nothing_left(manifest, out)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        wrong = ["manifest.json"]
    if wrong:
        raise CorpusError(f"{out / wrong[0]} is missing, or not as it was built: give --fresh")
    if empty:
        raise CorpusError(empty)
    return manifest


def _nothing_left(manifest: dict[str, Any], out: Path) -> str:
    """Why a corpus is empty: the reason that dropped most."""
    reasons: dict[str, int] = {}
    for step in manifest["steps"]:
        for key, value in step["counts"].items():
            if key.startswith("dropped_"):
                reasons[key.removeprefix("dropped_")] = reasons.get(key, 0) + int(value)
    reasons.pop("not_source", None)
    if not reasons:
        return f"nothing is left to train on: no text was found ({out}/report.md)"
    most = max(reasons, key=reasons.__getitem__)
    hint = "; if you may use them, say --licence" if most == "licence_unknown" else ""
    return (
        f"nothing is left to train on: most files were dropped for {most}{hint} ({out}/report.md)"
    )
