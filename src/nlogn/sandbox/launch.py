"""How a zygote is started: the bubblewrap command line and the files that it may see."""

import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

BOOT = (
    "import os;"
    "f=open(int(os.environ.pop('NLOGN_SOURCE')),'rb');f.seek(0);"
    "exec(compile(f.read(),'<zygote>','exec'))"
)
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # so that two runs of one program see the same order of a set
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
    "HOME": "/tmp/job",
    "TMPDIR": "/tmp/job",
    "PATH": "/usr/bin:/bin",
}
# -I would ignore PYTHONHASHSEED; with a clean environment, -s -P leave out the same things.
_INTERPRETER_OPTIONS = ("-S", "-s", "-P", "-B")


@dataclass(frozen=True, slots=True)
class Runtime:
    """The base interpreter and the folders it needs, links resolved."""

    executable: str
    folders: tuple[str, ...]  # bound read-only, and readable by confined programs
    hidden: tuple[str, ...]  # inside those, covered with emptiness


def runtime() -> Runtime:
    """The interpreter under the current one: the base of a virtual environment."""
    executable = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    stdlib = os.path.realpath(os.path.dirname(os.__file__))
    prefix = os.path.realpath(sys.base_prefix)
    folders = [stdlib]
    shared = sysconfig.get_config_var("LIBDIR")
    if shared and prefix != "/usr":
        folders.append(os.path.realpath(shared))
    if executable.startswith("/nix/"):
        folders.append("/nix/store")
    multiarch = sysconfig.get_config_var("MULTIARCH")
    for folder in (f"/usr/lib/{multiarch}", f"/lib/{multiarch}", "/usr/lib64", "/lib64"):
        if os.path.isdir(folder):
            folders.append(os.path.realpath(folder))
    hidden = [
        str(p)
        for folder in dict.fromkeys(folders)
        for name in ("site-packages", "dist-packages")
        for p in (*Path(folder).glob(name), *Path(folder).glob(f"python3*/{name}"))
        if p.is_dir()
    ]
    return Runtime(executable, _outermost(folders), tuple(dict.fromkeys(hidden)))


def _outermost(folders: list[str]) -> tuple[str, ...]:
    """Without those that lie inside another one."""
    unique = list(dict.fromkeys(folders))
    return tuple(
        f
        for f in unique
        if not any(f != g and f.startswith(g.rstrip("/") + "/") for g in unique)
    )


def bubblewrap() -> str | None:
    """The path of the bwrap program, if it is installed."""
    return shutil.which("bwrap")


def command(
    run: Runtime, control: int, source: int, *, bwrap: str | None, die_with_parent: bool
) -> list[str]:
    """The argument list that starts a zygote, inside bubblewrap if `bwrap` is given."""
    environment = {**_ENVIRONMENT, "NLOGN_CONTROL": str(control), "NLOGN_SOURCE": str(source)}
    interpreter = [run.executable, *_INTERPRETER_OPTIONS, "-c", BOOT]
    if bwrap is None:
        pairs = [f"{k}={v}" for k, v in environment.items()]
        return ["/usr/bin/env", "-i", *pairs, *interpreter]
    out = [bwrap, "--unshare-all", "--new-session", "--clearenv", "--as-pid-1"]
    if die_with_parent:
        out.append("--die-with-parent")
    out += ["--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox"]
    for folder in run.folders:
        out += ["--ro-bind", folder, folder]
    for link in ("/lib", "/lib64"):
        if os.path.islink(link):
            out += ["--symlink", os.readlink(link), link]
    if not any(run.executable.startswith(f + "/") for f in run.folders):
        out += ["--ro-bind", run.executable, run.executable]
    for path in (*Path("/lib64").glob("ld-linux*"), *Path("/lib").glob("ld-linux*")):
        real = os.path.realpath(path)
        if not any(real.startswith(f + "/") for f in run.folders):
            out += ["--ro-bind", real, real]
    if os.path.exists("/etc/ld.so.cache"):
        out += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for folder in run.hidden:
        out += ["--tmpfs", folder]
    out += ["--size", str(256 << 20), "--tmpfs", "/tmp", "--chdir", "/tmp"]
    out += ["--remount-ro", "/"]
    for key, value in environment.items():
        out += ["--setenv", key, value]
    return [*out, "--", *interpreter]
