"""`kernels.cpp`, compiled for this machine once and called through ctypes, which lets other threads
run meanwhile. Where there is no C++ compiler, `runner.py` computes with torch."""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from ctypes import POINTER, Structure, c_float, c_int64, c_void_p
from pathlib import Path

SOURCE = Path(__file__).with_name("kernels.cpp")
LANES = 16  # rows of a panel, and tokens of a block: see kernels.cpp
GROUP = 64  # columns that share a scale in an int8 matrix
_FLAGS = ("-O3", "-march=native", "-std=c++17", "-ffp-contract=fast", "-shared", "-fPIC",
          "-Wno-psabi")  # fmt: skip
_COMPILE_S = 120


class NoKernels(RuntimeError):
    """There is no compiler here, it refused, or there is no AVX-512: without, the vectors of 16 are
    taken apart, and prompts took four times as long as with torch. The message says which."""


class Matrix(Structure):
    _fields_ = (("weight", c_void_p), ("scale", c_void_p), ("rows", c_int64), ("columns", c_int64))


class LayerWeights(Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("input_norm", "post_norm", "query_norm", "key_norm")),
        *((name, Matrix) for name in ("qkv", "output", "gate_up", "down", "router")),
        ("choice_bias", c_void_p),
        ("expert_gate_up", POINTER(Matrix)),
        ("expert_down", POINTER(Matrix)),
        ("keys", c_void_p),
        ("values", c_void_p),
        *((name, c_int64) for name in ("group", "window", "rotates")),
    )


class Network(Structure):
    _fields_ = (
        *((name, c_int64) for name in (
            "hidden", "heads", "kv_heads", "head_dim", "layers", "vocabulary",
            "experts", "groups", "groups_per_token", "per_token", "normalise")),
        ("expert_scale", c_float),
        ("epsilon", c_float),
        *((name, c_void_p) for name in ("embedding", "norm", "cosine", "sine")),
        ("head", Matrix),
        ("layer", POINTER(LayerWeights)),
    )  # fmt: skip


class Batch(Structure):
    _fields_ = (
        *((name, c_int64) for name in ("tokens", "segments", "wanted")),
        *((name, c_void_p) for name in ("token", "row", "start", "length", "want")),
        ("table", c_void_p * 2),
        ("table_width", c_int64),
        ("hidden", c_void_p),
    )


@functools.cache
def kernels() -> ctypes.CDLL:
    """The compiled library, from the cache of an earlier run where there is one.

    Raises:
        NoKernels: see there.
    """
    compiler = os.environ.get("CXX") or next(
        filter(None, map(shutil.which, ("g++", "clang++", "c++"))), None
    )
    if compiler is None:
        raise NoKernels("no C++ compiler (g++, clang++): install one for a faster engine")
    if "avx512f" not in _machine():
        raise NoKernels("the compiled kernels are fast with AVX-512 alone, which is not here")
    made_from = [SOURCE.read_text(), " ".join(_FLAGS), compiler, _machine()]
    digest = hashlib.sha256("\n".join(made_from).encode()).hexdigest()[:16]
    name = f"engine-{digest}.so"
    folder = _cache_folder()
    if folder is not None and (folder / name).exists():
        try:
            return _load(folder / name)
        except OSError:  # cut off by a full disk, say: make it anew
            (folder / name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="nlogn-") as scratch:
        made = Path(scratch) / name
        _compile(compiler, made)
        if folder is not None:
            try:
                kept = Path(tempfile.mkdtemp(dir=folder)) / name
                shutil.copyfile(made, kept)
                os.replace(kept, folder / name)
                kept.parent.rmdir()
            except OSError:
                pass  # an unwritable cache costs the next start a compilation
        try:
            return _load(made)
        except OSError as error:
            raise NoKernels(f"the compiled kernels do not load: {error}") from error


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    library.forward.argtypes = (POINTER(Network), POINTER(Batch), c_void_p)
    library.forward.restype = None
    library.product.argtypes = (c_void_p, c_int64, c_int64, c_void_p, c_void_p)
    library.product.restype = None
    return library


def _compile(compiler: str, made: Path) -> None:
    command = [compiler, *_FLAGS, str(SOURCE), "-o", str(made)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPILE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoKernels(f"{compiler}: {error}") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise NoKernels(f"{compiler}: {lines[0]}")


def _cache_folder() -> Path | None:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base) / "nlogn"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # code is loaded from here: nobody else may be able to write it
        mine = folder.stat()
        return folder if mine.st_uid == os.getuid() and not mine.st_mode & 0o022 else None
    except OSError:
        return None


def _machine() -> str:
    """What -march=native depends on: a home may be shared by unequal machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.platform() + platform.processor()
    kept = {line for line in lines if line.startswith(("model name", "flags", "Features"))}
    return platform.machine() + "\n".join(sorted(kept))
