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
    "MALLOC_ARENA_MAX": "1",  # else each thread reserves 64 MiB, which the memory limit counts
    "HOME": "/tmp/job",
    "TMPDIR": "/tmp/job",
    "PATH": "/usr/bin:/bin",
}
# -I would ignore PYTHONHASHSEED; with a clean environment, -s -P leave out the same things.
_INTERPRETER_OPTIONS = ("-S", "-s", "-P", "-B")


_LIBRARY_CACHE = "/etc/ld.so.cache"


@dataclass(frozen=True, slots=True)
class Runtime:
    """The base interpreter and the folders it needs, links resolved."""

    executable: str
    folders: tuple[str, ...]  # bound read-only, and readable by confined programs
    hidden: tuple[str, ...]  # inside those, covered with emptiness


# What compilers and other interpreters need beyond libraries.
TOOLS = ("/usr", "/etc/alternatives")


def node() -> str | None:
    """The path of the JavaScript interpreter, links resolved, if there is one."""
    found = shutil.which("node")
    return os.path.realpath(found) if found else None


def runtime(native: bool = False) -> Runtime:
    """The interpreter under the current one (the base of a virtual environment); with `native`,
    the folders that a compiler and node need, too."""
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
    if native:
        folders += [f for f in TOOLS if os.path.isdir(f)]
        javascript = node()
        if javascript:
            folders.append(str(Path(javascript).parents[1]))
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
        f for f in unique if not any(f != g and f.startswith(g.rstrip("/") + "/") for g in unique)
    )


def _parents(paths: list[str]) -> list[str]:
    """Every folder above these, outermost first."""
    found = {str(p) for path in paths for p in Path(path).parents}
    return sorted(found - {"/"}, key=len)


@dataclass(frozen=True, slots=True)
class Road:
    """One way to start a zygote; the first one that works is taken."""

    bwrap: str | None
    changes_user: bool = False  # root only: each zygote becomes a user of its own


def roads() -> tuple[Road, ...]:
    """The ways worth trying here, the tightest first.

    Root lets bubblewrap work without a user namespace and then turns into a user that owns
    nothing: the kernel exempts root's own processes, wherever they are, from the limit on
    their number. Where root may not do that (a container), it goes the ordinary user's way.
    """
    found = shutil.which("bwrap")
    users = (True, False) if os.geteuid() == 0 else (False,)
    ways = (found, None) if found else (None,)
    return tuple(Road(bwrap, changes) for bwrap in ways for changes in users)


def command(
    run: Runtime, road: Road, control: int, source: int, *, die_with_parent: bool
) -> list[str]:
    """The argument list that starts a zygote."""
    environment = {**_ENVIRONMENT, "NLOGN_CONTROL": str(control), "NLOGN_SOURCE": str(source)}
    if road.changes_user:
        # Unused, and not shared with other zygotes: threads are counted per user.
        uid = 0x70000000 + int.from_bytes(os.urandom(3), "little")
        environment["NLOGN_UID"] = str(uid)
    interpreter = [run.executable, *_INTERPRETER_OPTIONS, "-c", BOOT]
    if road.bwrap is None:
        pairs = [f"{k}={v}" for k, v in environment.items()]
        return ["/usr/bin/env", "-i", *pairs, *interpreter]
    out = [road.bwrap, "--new-session", "--clearenv", "--as-pid-1", "--cap-drop", "ALL"]
    if not road.changes_user:
        out += ["--unshare-all", "--uid", "65534", "--gid", "65534"]
    else:
        out += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        out += ["--unshare-cgroup-try", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    if die_with_parent:
        out.append("--die-with-parent")
    out += ["--hostname", "sandbox"]
    # By itself bubblewrap would close these to others where they lie under a closed home.
    for parent in _parents([*run.folders, run.executable, _LIBRARY_CACHE]):
        out += ["--dir", parent]
    for folder in run.folders:
        out += ["--ro-bind", folder, folder]
    for link in ("/lib", "/lib64", "/bin"):
        if os.path.islink(link):
            out += ["--symlink", os.readlink(link), link]
    if not any(run.executable.startswith(f + "/") for f in run.folders):
        out += ["--ro-bind", run.executable, run.executable]
    for path in (*Path("/lib64").glob("ld-linux*"), *Path("/lib").glob("ld-linux*")):
        real = os.path.realpath(path)
        if not any(real.startswith(f + "/") for f in run.folders):
            out += ["--ro-bind", real, real]
    if os.path.exists(_LIBRARY_CACHE):
        out += ["--ro-bind", _LIBRARY_CACHE, _LIBRARY_CACHE]
    for folder in run.hidden:
        out += ["--tmpfs", folder]
    out += ["--size", str(256 << 20), "--perms", "1777", "--tmpfs", "/tmp", "--chdir", "/tmp"]
    out += ["--remount-ro", "/"]
    for key, value in environment.items():
        out += ["--setenv", key, value]
    return [*out, "--", *interpreter]
