"""The process that all confined programs are forked from.

It is started once per worker, holds a warm interpreter, and serves one job at a time from its
control socket: clone, wait, report. It never runs untrusted code and never sees a payload:
the child reads its own from a descriptor that goes from the outside straight to it.

Control socket (SOCK_SEQPACKET), one marshalled dict per packet, descriptors beside it:

    -> {"do": "init"} [settings]                          <- {"ready": true, ...}
    -> {"do": "harness", "id": ...} [source]              <- {"ok": true} | {"error": ...}
    -> {"do": "job", ...} [result, payload, out, err, stdin]   <- {"end": status, ...}
    -> {"do": "kill"} | {"do": "cpu"}  (during a job)     <- {"cpu": seconds} for the latter

Most of what a program costs is the pages that its process is the first to write to, two or
three microseconds each, so the child's road to the program's first line is kept short.
"""

import _socket
import builtins
import contextlib
import ctypes
import fcntl
import gc
import json
import marshal
import os
import resource
import select
import signal
import struct
import sys
import time
import types
from typing import Any

_CONTROL = 10
_RESULT = 3
_PAYLOAD = 4
_SCRATCH = "/tmp/job"
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}[os.uname().machine]
_SYS_LANDLOCK = 444  # create_ruleset, add_rule and restrict_self: three numbers in a row
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38

# PyDLL keeps the interpreter lock across the call, as os.fork does.
_c = ctypes.PyDLL(None, use_errno=True)
_c.syscall.restype = ctypes.c_long
_LONG_0 = ctypes.c_long(0)
for _hook in ("PyOS_BeforeFork", "PyOS_AfterFork_Parent", "PyOS_AfterFork_Child"):
    getattr(ctypes.pythonapi, _hook).restype = None
    getattr(ctypes.pythonapi, _hook).argtypes = []


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _syscall(number: int, *args: Any) -> int:
    longs = (ctypes.c_long(a) if type(a) is int else a for a in args)
    return _check(_c.syscall(ctypes.c_long(number), *longs))


def clone(flags: ctypes.c_long) -> int:
    """Fork with new namespaces in one system call: 0 in the child, its id in the parent."""
    api = ctypes.pythonapi
    api.PyOS_BeforeFork()
    pid = _c.syscall(_SYS_CLONE_LONG, flags, _LONG_0, _LONG_0, _LONG_0, _LONG_0)
    if pid == 0:
        api.PyOS_AfterFork_Child()
        return 0
    api.PyOS_AfterFork_Parent()
    return _check(pid)


_SYS_CLONE_LONG = ctypes.c_long(_SYS_CLONE)

# --- confinement -------------------------------------------------------------------------------

_EXECUTE = 1 << 0
_READ = 1 << 2 | 1 << 3
_WRITE = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8  # files and folders: write, remove, make
_REFER = 1 << 13
_TRUNCATE = 1 << 14


def landlock_abi() -> int:
    """The version of Landlock that the kernel has; 0: none."""
    try:
        return _syscall(_SYS_LANDLOCK, 0, 0, 1)
    except OSError:
        return 0


def make_ruleset(abi: int, readable: list[str], executable: list[str], scratch: bool) -> int:
    """A Landlock ruleset: read and execute there, write in the scratch folder, nothing else; no
    TCP; no abstract sockets of, and no signals to, processes outside. Its descriptor."""
    handled = (1 << 13) - 1
    handled |= _REFER if abi >= 2 else 0
    handled |= _TRUNCATE if abi >= 3 else 0
    handled |= 1 << 15 if abi >= 5 else 0
    words = [handled] + [3] * (abi >= 4) + [3] * (abi >= 6)
    attributes = struct.pack(f"<{len(words)}Q", *words)
    ruleset = _syscall(_SYS_LANDLOCK, attributes, len(attributes), 0)
    rules = [(path, _READ) for path in readable]
    rules += [(path, _READ | _EXECUTE) for path in executable]
    if scratch:
        rules.append((_SCRATCH, (_READ | _WRITE | _REFER | _TRUNCATE) & handled))
    for path, access in rules:
        try:
            target = os.open(path, os.O_PATH)
        except FileNotFoundError:
            continue
        if not os.path.isdir(path):
            access &= ~(1 << 3)
        _syscall(_SYS_LANDLOCK + 1, ruleset, 1, struct.pack("<Qi", access, target), 0)
        os.close(target)
    moved = fcntl.fcntl(ruleset, fcntl.F_DUPFD_CLOEXEC, _CONTROL + 1)
    os.close(ruleset)
    return moved


class Filter:
    """A system-call filter, laid out so that a child has almost nothing left to do."""

    def __init__(self, program: bytes, own_pid: int) -> None:
        self.code = (ctypes.c_uint32 * (len(program) // 4)).from_buffer_copy(program)
        self.pids = [at for at in range(1, len(self.code), 2) if self.code[at] == own_pid]
        self.head = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(self.code))

    def install(self) -> None:
        pid = os.getpid()
        for at in self.pids:
            self.code[at] = pid
        _check(_c.prctl(_PR_SET_SECCOMP, 2, self.head, 0, 0))


def confine(job: dict[str, Any], filter_: Filter, ruleset: ctypes.c_long | None) -> None:
    """Give up, for good, everything the program is not to have. Order matters: each step needs
    what the next one takes away."""
    for which, soft, hard in job["rlimits"]:
        resource.setrlimit(which, (soft, hard))
    if job["flags"]:
        _syscall(_SYS_CAPSET, _CAPABILITY_HEAD, _NO_CAPABILITIES)
    if ruleset is not None:
        _check(_c.syscall(_RESTRICT_SELF, ruleset, _LONG_0))
    filter_.install()


_CAPABILITY_HEAD = struct.pack("<Ii", 0x20080522, 0)
_NO_CAPABILITIES = bytes(24)
_RESTRICT_SELF = ctypes.c_long(_SYS_LANDLOCK + 2)

# --- the child ---------------------------------------------------------------------------------


class Channel:
    """Frames to the outside: one byte of kind, four of length, JSON.

    Kinds: "m" a message; "s" the program's last word.
    """

    def __init__(self) -> None:
        self.write = os.write
        self.exit = os._exit
        self.dumps = json.JSONEncoder(
            ensure_ascii=False, check_circular=False, separators=(",", ":")
        ).encode

    most = 1 << 16

    def frame(self, kind: bytes, value: Any) -> None:
        body = self.dumps(value).encode("utf-8", "surrogatepass")
        if len(body) > self.most:
            self.stop("output_limit", "the answer is larger than its limit")
        data = kind + len(body).to_bytes(4, "little") + body
        done = self.write(_RESULT, data)
        while done < len(data):
            done += self.write(_RESULT, memoryview(data)[done:])

    def send(self, value: Any) -> None:
        self.frame(b"m", value)

    def stop(self, status: str, message: Any = "") -> None:
        """End the program now, with this status; nothing it does can prevent it."""
        try:
            self.frame(b"s", {"status": status, "message": message})
        finally:
            self.exit(0)


def describe(error: BaseException) -> dict[str, Any]:
    """Type, message and line of an exception, without trusting any of its methods."""
    name = type.__dict__["__name__"].__get__(type(error))
    try:
        message = str(error)
        message = message[:2000] if type(message) is str else ""
    except BaseException:
        message = ""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<program>":
            line = trace.tb_lineno
        trace = trace.tb_next
    if line is None and isinstance(error, SyntaxError) and type(error.lineno) is int:
        line = error.lineno
        message = error.msg if type(error.msg) is str else message
    return {"type": name, "message": message, "line": line}


def arrange(job: dict[str, Any]) -> None:
    """Put the descriptors that came with the job where the program expects them."""
    came = _PAYLOAD + 1
    for wanted, target in ((job["capture"], 1), (job["capture"], 2), (job["stdin"], 0)):
        if wanted:
            os.dup2(came, target)
            came += 1


def prepare_exec(job: dict[str, Any]) -> None:
    """Make ready for another program's image: what it is not to inherit closes by itself."""
    for descriptor in (_RESULT, _PAYLOAD, _CONTROL):
        os.set_inheritable(descriptor, False)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    if job["script"]:
        with open(job["script"], "wb") as file:
            file.write(os.pread(_PAYLOAD, job["size"], 0))


def run_main(main: Any, payload: Any, channel: Channel) -> None:
    gc.enable()
    ending: dict[str, Any] = {"status": "ok"}
    try:
        if main(payload, channel.send) == "answered":
            return
    except MemoryError as error:
        error.__traceback__ = None
        ending = {"status": "memory_limit"}
    except BaseException as error:
        ending = {"status": "exception", "error": describe(error)}
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    channel.frame(b"s", ending)


def child(job: dict[str, Any], tools: "Tools", control: "Control") -> None:
    """Become the program. What fails before its first line is told over the control socket, which
    the program does not have; so nothing that it does can pass for a failure of ours."""
    try:
        if not tools.alone:
            _check(_c.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
        filter_, ruleset = tools.filters[job["filter"]], tools.rulesets.get(job["ruleset"])
        arrange(job)
        argv = job["exec"]
        if argv:
            prepare_exec(job)
            os.closerange(_PAYLOAD + 1, _CONTROL)
            confine(job, filter_, ruleset)
            os.execve(argv[0] if argv[0].startswith("/") else _PAYLOAD, argv, job["env"])
        payload = marshal.loads(os.pread(_PAYLOAD, job["size"], 0))
        confine(job, filter_, ruleset)
    except BaseException as error:
        control.send({"failed": f"{type(error).__name__}: {error}"})
        os._exit(70)
    try:
        tools.channel.most = job["most"]
        os.closerange(_PAYLOAD + 1, 1 << 20)
        run_main(tools.harnesses[job["harness"]], payload, tools.channel)
    finally:
        os._exit(0)


# --- the loop ----------------------------------------------------------------------------------


class Control:
    """The zygote's end of the control socket."""

    def __init__(self, descriptor: int) -> None:
        self.socket = _socket.socket(fileno=descriptor)
        self.space = _socket.CMSG_SPACE(8 * 4)

    def receive(self, running: int = 0) -> tuple[dict[str, Any], list[int]]:
        """The next request and its descriptors; ends the zygote, and the program that runs, when
        the outside is gone."""
        packet, extra, _, _ = self.socket.recvmsg(1 << 16, self.space)
        if not packet:
            if running:
                os.kill(running, signal.SIGKILL)
            os._exit(0)
        fds = [fd for _, _, data in extra for fd in memoryview(data).cast("i")]
        return marshal.loads(packet), fds

    def send(self, reply: dict[str, Any], fds: list[int] | None = None) -> None:
        if not fds:
            self.socket.send(marshal.dumps(reply))
            return
        rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))
        self.socket.sendmsg([marshal.dumps(reply)], [rights])
        for fd in fds:
            os.close(fd)


def wait_for_end(control: Control, pid: int) -> tuple[int, resource.struct_rusage]:
    """Wait for the child while listening for "kill" and "cpu"."""
    pidfd = os.pidfd_open(pid)
    clock = (~pid << 3) | 2  # the CPU clock of another process, as clock_getcpuclockid makes it
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    poller.register(_CONTROL, select.POLLIN)
    while not any(fd == pidfd for fd, _ in poller.poll()):
        request, _ = control.receive(pid)
        if request["do"] == "kill":
            os.kill(pid, signal.SIGKILL)
        elif request["do"] == "cpu":
            try:
                control.send({"cpu": time.clock_gettime(clock)})
            except OSError:
                control.send({"cpu": 0.0})
    os.close(pidfd)
    _, status, usage = os.wait4(pid, 0)
    return status, usage


def tidy() -> bool:
    """Empty the scratch folder. False: there is too much in it, and this zygote must go."""
    if not (names := os.listdir(_SCRATCH)):
        return True
    try:
        for name in names[:200]:
            os.unlink(f"{_SCRATCH}/{name}")
    except OSError:
        return False
    return len(names) <= 200


def work(control: Control, job: dict[str, Any], fds: list[int], tools: "Tools") -> None:
    """One job: clone, wait, say how it ended."""
    try:
        pid = clone(ctypes.c_long(job["flags"] | signal.SIGCHLD))
        if pid == 0:
            child(job, tools, control)
    except OSError as error:
        control.send({"end": None, "error": f"no process for the program: {error}"})
        return
    finally:
        for fd in fds:
            os.close(fd)
    status, usage = wait_for_end(control, pid)
    clean, product = True, []
    if tools.alone:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        if job["product"] and status == 0:
            with contextlib.suppress(OSError):
                product = [os.open(f"{_SCRATCH}/{job['product']}", os.O_RDONLY | os.O_NOFOLLOW)]
        clean = tidy()
    cpu = usage.ru_utime + usage.ru_stime
    reply = {"end": status, "cpu": cpu, "rss": usage.ru_maxrss << 10, "clean": clean}
    control.send(reply, product)


class Tools:
    """What the zygote holds ready for its children."""

    def __init__(self, settings: dict[str, Any]) -> None:
        # Pid 1 in its own namespace, with a /tmp of its own: what is there is our children's.
        self.alone: bool = settings["alone"]
        self.harnesses: dict[str, Any] = {}
        self.channel = Channel()
        self.rulesets: dict[str, ctypes.c_long] = {}
        own_pid = settings["own_pid"]
        self.filters = {k: Filter(v, own_pid) for k, v in settings["filters"].items()}

    def add(self, name: str, source: str) -> dict[str, Any]:
        try:
            self.harnesses[name] = load(f"nlogn_harness_{name}", source).main
        except BaseException as error:
            import traceback

            return {"error": "".join(traceback.format_exception(error))[-4000:]}
        gc.collect()
        gc.freeze()
        return {"ok": True}


def take(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        file.seek(0)
        return file.read()


def load(name: str, source: str) -> types.ModuleType:
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module


def preimport(names: list[str]) -> None:
    """Warm these modules. Every child starts from one and the same state of `random`, which would
    else draw a new seed after each fork."""
    register, os.register_at_fork = os.register_at_fork, lambda **hooks: None
    for name in names:
        with contextlib.suppress(ImportError):
            __import__(name)
    os.register_at_fork = register
    sys.modules["random"].seed(0)


def initialise(settings: dict[str, Any]) -> tuple[Tools, dict[str, Any]]:
    preimport(settings["preimport"])
    load("nlogn_values", settings["values"])
    tools = Tools(settings)
    limits = types.ModuleType("nlogn_limits")
    limits.stop, limits.describe = tools.channel.stop, describe  # type: ignore[attr-defined]
    sys.modules["nlogn_limits"] = limits
    load("nlogn_steps", settings["steps"])
    if tools.alone:
        os.mkdir(_SCRATCH, 0o700)
    os.chdir(_SCRATCH if tools.alone else "/")
    abi = landlock_abi()
    if abi:
        for name, (readable, executable) in settings["rulesets"].items():
            descriptor = make_ruleset(abi, readable, executable, tools.alone)
            tools.rulesets[name] = ctypes.c_long(descriptor)
    namespaces = ""
    try:
        pid = clone(ctypes.c_long(settings["namespaces"] | signal.SIGCHLD))
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    except OSError as error:
        namespaces = str(error)
    return tools, {"ready": True, "landlock": abi, "namespaces": namespaces}


def start() -> None:
    gc.disable()
    os.dup2(int(os.environ.pop("NLOGN_CONTROL")), _CONTROL)
    os.closerange(3, _CONTROL)
    os.closerange(_CONTROL + 1, 1 << 20)
    if uid := int(os.environ.pop("NLOGN_UID", "0")):
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _check(_c.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    os.umask(0o077)
    for which in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        resource.setrlimit(which, (0, 0))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    control = Control(_CONTROL)
    _, fds = control.receive()
    tools, reply = initialise(marshal.loads(take(fds[0])))
    tools.filters.pop("zygote").install()
    gc.collect()
    for name in ("exit", "quit"):  # what `site` would set, and programs use
        setattr(builtins, name, sys.exit)
    gc.freeze()
    control.send(reply)
    while True:
        request, fds = control.receive()
        if request["do"] == "job":
            work(control, request, fds, tools)
        elif request["do"] == "harness":
            control.send(tools.add(request["id"], take(fds[0]).decode()))


if __name__ == "__main__":
    start()
