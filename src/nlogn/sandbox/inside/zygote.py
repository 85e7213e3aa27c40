"""The process that all confined programs are forked from.

It is started once per worker, holds a warm interpreter, and serves one job at a time from its
control socket: clone, wait, report. It never runs untrusted code and never sees a payload:
the child reads its own from a descriptor that goes from the outside straight to it.

Control socket (SOCK_SEQPACKET), one JSON object per packet, descriptors beside it:

    -> {"do": "init", ...} [settings]                  <- {"ready": true, ...}
    -> {"do": "harness", "id": ...} [source]           <- {"ok": true} | {"error": ...}
    -> {"do": "job", ...} [result, payload, out, err, stdin]   <- {"end": status, "cpu": s, ...}
    -> {"do": "kill"} | {"do": "cpu"}                  <- {"cpu": s}       (during a job)
"""

import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
import traceback
import types

_CONTROL = 10
_RULESET = 11
_SCRATCH = "/tmp/job"
_MACHINE = os.uname().machine
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}.get(_MACHINE)
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}.get(_MACHINE)
_SYS_LANDLOCK = 444  # create, add_rule and restrict_self: the same three numbers everywhere

# CLONE_NEWUSER | NEWPID | NEWNS | NEWIPC | NEWUTS | NEWNET
_NAMESPACES = 0x10000000 | 0x20000000 | 0x00020000 | 0x08000000 | 0x04000000 | 0x40000000

# PyDLL keeps the interpreter lock across the call, as os.fork does.
_c = ctypes.PyDLL(None, use_errno=True)
_c.syscall.restype = ctypes.c_long
for _hook in ("PyOS_BeforeFork", "PyOS_AfterFork_Parent", "PyOS_AfterFork_Child"):
    getattr(ctypes.pythonapi, _hook).restype = None
    getattr(ctypes.pythonapi, _hook).argtypes = []


def _syscall(number, *args):
    result = _c.syscall(
        ctypes.c_long(number),
        *(ctypes.c_long(a) if type(a) is int else a for a in args),
    )
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def clone(flags):
    """Fork with new namespaces in one system call: 0 in the child, its id in the parent."""
    api = ctypes.pythonapi
    api.PyOS_BeforeFork()
    pid = _c.syscall(
        ctypes.c_long(_SYS_CLONE),
        ctypes.c_long(flags | signal.SIGCHLD),
        ctypes.c_long(0),
        ctypes.c_long(0),
        ctypes.c_long(0),
        ctypes.c_long(0),
    )
    if pid == 0:
        api.PyOS_AfterFork_Child()
        return 0
    code = ctypes.get_errno()
    api.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(code, os.strerror(code))
    return pid


# --- confinement -------------------------------------------------------------------------------

_READ = 1 << 2 | 1 << 3
_EXECUTE = 1 << 0
_WRITE = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8  # write, remove dir/file, make dir/file
_TRUNCATE = 1 << 14
_REFER = 1 << 13


def landlock_abi():
    try:
        return _syscall(_SYS_LANDLOCK, 0, 0, 1)
    except OSError:
        return 0


def make_ruleset(abi, readable, executable):
    """Leave at descriptor `_RULESET` a Landlock ruleset: read there, write in the scratch folder,
    nothing else; no TCP; no abstract sockets of, and no signals to, processes outside."""
    handled = (1 << 13) - 1
    handled |= _REFER if abi >= 2 else 0
    handled |= _TRUNCATE if abi >= 3 else 0
    handled |= 1 << 15 if abi >= 5 else 0
    words = [handled]
    if abi >= 4:
        words.append(3)
    if abi >= 6:
        words.append(3)
    attributes = struct.pack(f"<{len(words)}Q", *words)
    ruleset = _syscall(_SYS_LANDLOCK, attributes, len(attributes), 0)
    rules = [(path, _READ) for path in readable] + [(p, _READ | _EXECUTE) for p in executable]
    rules.append((_SCRATCH, (_READ | _WRITE | _REFER | _TRUNCATE) & handled))
    for path, access in rules:
        try:
            target = os.open(path, os.O_PATH)
        except OSError:
            continue
        if not os.path.isdir(path):
            access &= ~(1 << 3)
        _syscall(_SYS_LANDLOCK + 1, ruleset, 1, struct.pack("<Qi", access, target), 0)
        os.close(target)
    os.dup2(ruleset, _RULESET)
    os.close(ruleset)


def confine(job, bpf):
    """Give up, for good, everything the program is not to have. Order matters: each step needs
    what the next one takes away."""
    limit = resource.setrlimit
    memory, cpu = job["as"], int(job["cpu"]) + 2
    limit(resource.RLIMIT_CPU, (cpu, cpu))
    limit(resource.RLIMIT_FSIZE, (job["file"], job["file"]))
    limit(resource.RLIMIT_NOFILE, (job["files"], job["files"]))
    limit(resource.RLIMIT_CORE, (0, 0))
    limit(resource.RLIMIT_MEMLOCK, (0, 0))
    limit(resource.RLIMIT_MSGQUEUE, (0, 0))
    if job["nproc"]:
        limit(resource.RLIMIT_NPROC, (job["nproc"], job["nproc"]))
    limit(resource.RLIMIT_STACK, (job["stack"], resource.RLIM_INFINITY))
    limit(resource.RLIMIT_DATA if job["data"] else resource.RLIMIT_AS, (memory, memory))
    _syscall(_SYS_CAPSET, struct.pack("<Ii", 0x20080522, 0), bytes(24))
    if job["landlock"]:
        _syscall(_SYS_LANDLOCK + 2, _RULESET, 0)
    os.closerange(5, 1 << 20)
    own = struct.pack("<I", os.getpid())
    program = bytearray(bpf)
    at = program.find(job_pid)
    while at >= 0:
        program[at : at + 4] = own
        at = program.find(job_pid, at + 4)
    buffer = (ctypes.c_char * len(program)).from_buffer(program)
    head = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    if _c.prctl(22, 2, head, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the system-call filter was refused")


# --- the child ---------------------------------------------------------------------------------


class Channel:
    """Frames to the outside: one byte of kind, four of length, JSON."""

    def __init__(self):
        self.write = os.write
        self.dumps = json.JSONEncoder(
            ensure_ascii=False, check_circular=False, separators=(",", ":")
        ).encode
        self.exit = os._exit

    def frame(self, kind, value):
        body = self.dumps(value).encode("utf-8", "surrogatepass")
        data = memoryview(kind + len(body).to_bytes(4, "little") + body)
        while data:
            data = data[self.write(3, data) :]

    def send(self, value):
        self.frame(b"m", value)

    def stop(self, status, message=""):
        """End the program now, with this status; nothing it does can prevent it."""
        try:
            self.frame(b"s", {"status": status, "message": message})
        finally:
            self.exit(0)


def describe(error):
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


def run_child(job, main, bpf):
    out, err, stdin = job["out"], job["err"], job["stdin"]
    nxt = 5
    for wanted, target in ((out, 1), (err, 2), (stdin, 0)):
        if wanted:
            os.dup2(nxt, target)
            nxt += 1
    size = os.fstat(4).st_size
    payload = json.loads(os.pread(4, size, 0)) if size else None
    os.close(4)
    confine(job, bpf)
    channel = Channel()
    limits.stop, limits.describe = channel.stop, describe
    random = sys.modules.get("random")
    if random is not None:
        random.seed(0)
    gc.enable()
    ending = {"status": "ok"}
    try:
        main(payload, channel.send)
    except MemoryError as error:
        error.__traceback__ = None
        ending = {"status": "memory_limit"}
    except BaseException as error:
        ending = {"status": "exception", "error": describe(error)}
    channel.frame(b"s", ending)


def exec_child(job, bpf):
    for nxt, target in ((5, 1), (6, 2), (7, 0)):
        os.dup2(nxt, target)
    confine(job, bpf)
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(_SCRATCH)
    os.set_inheritable(4, True)
    os.execve(4 if job["exec"][0] == "@" else job["exec"][0], job["exec"], job["env"])


# --- the loop ----------------------------------------------------------------------------------


def wait_for_end(control, pid):
    """Wait for the child while listening for "kill" and "cpu"; exit when the outside is gone."""
    pidfd = os.pidfd_open(pid)
    clock = (~pid << 3) | 2
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    poller.register(control.fileno(), select.POLLIN)
    while True:
        ready = dict(poller.poll())
        if pidfd in ready:
            break
        packet = control.recv(65536)
        if not packet:
            os.kill(pid, signal.SIGKILL)
            os._exit(0)
        if json.loads(packet)["do"] == "kill":
            os.kill(pid, signal.SIGKILL)
        else:
            try:
                spent = time.clock_gettime(clock)
            except OSError:
                spent = 0.0
            control.send(json.dumps({"cpu": spent}).encode())
    os.close(pidfd)
    _, status, usage = os.wait4(pid, 0)
    return status, usage


def tidy():
    """Empty the scratch folder. False: it is too full, or not ours any more."""
    try:
        with os.scandir(_SCRATCH) as found:
            entries = [e for _, e in zip(range(201), found)]
        if not entries:
            return True
        if len(entries) > 200 or any(e.is_dir(follow_symlinks=False) for e in entries):
            return False
        for entry in entries:
            os.unlink(entry.path)
    except OSError:
        return False
    return True


def serve(control):
    global job_pid
    filters, harnesses, settings = {}, {}, {}
    while True:
        packet, fds, _, _ = socket.recv_fds(control, 65536, 8)
        if not packet:
            return
        request = json.loads(packet)
        if request["do"] == "job":
            bpf = filters[request["filter"]]
            main = harnesses.get(request["harness"])
            began = time.monotonic()
            try:
                pid = clone(_NAMESPACES if request["full"] else 0)
            except OSError as error:
                for fd in fds:
                    os.close(fd)
                control.send(json.dumps({"end": None, "error": str(error)}).encode())
                continue
            if pid == 0:
                code = 70
                try:
                    if request["exec"]:
                        exec_child(request, bpf)
                    else:
                        run_child(request, main, bpf)
                        code = 0
                except BaseException as error:
                    try:
                        Channel().frame(b"f", {"error": f"{type(error).__name__}: {error}"})
                    except BaseException:
                        pass
                finally:
                    os._exit(code)
            for fd in fds:
                os.close(fd)
            status, usage = wait_for_end(control, pid)
            if settings["alone"]:
                try:
                    os.kill(-1, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            clean = tidy()
            reply = {
                "end": status,
                "cpu": usage.ru_utime + usage.ru_stime,
                "rss": usage.ru_maxrss * 1024,
                "wall": time.monotonic() - began,
                "clean": clean,
            }
            control.send(json.dumps(reply).encode())
        elif request["do"] == "harness":
            try:
                module = load(f"nlogn_harness_{len(harnesses)}", take(fds))
                harnesses[request["id"]] = module.main
                gc.collect()
                gc.freeze()
                reply = {"ok": True}
            except BaseException:
                reply = {"error": traceback.format_exc()[-4000:]}
            control.send(json.dumps(reply).encode())
        elif request["do"] == "init":
            settings = json.loads(take(fds))
            job_pid = struct.pack("<I", settings["own_pid"])
            filters = {k: bytes.fromhex(v) for k, v in settings["filters"].items()}
            control.send(json.dumps(initialise(settings)).encode())


def take(fds):
    with open(fds[0], "rb") as file:
        file.seek(0)
        return file.read().decode()


def load(name, source):
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module


def initialise(settings):
    for name in settings["preimport"]:
        try:
            __import__(name)
        except ImportError:
            pass
    load("nlogn_values", settings["values"])
    os.makedirs(_SCRATCH, mode=0o700, exist_ok=True)
    os.chdir(_SCRATCH)
    abi = landlock_abi()
    if abi:
        make_ruleset(abi, settings["readable"], settings["executable"])
    try:
        pid = clone(_NAMESPACES)
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        namespaces = ""
    except OSError as error:
        namespaces = str(error)
    gc.collect()
    gc.freeze()
    return {"ready": True, "landlock": abi, "namespaces": namespaces}


def start():
    gc.disable()
    os.dup2(int(os.environ.pop("NLOGN_CONTROL")), _CONTROL)
    os.closerange(3, _CONTROL)
    os.closerange(_CONTROL + 1, 1 << 20)
    _c.prctl(38, 1, 0, 0, 0)
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    sys.modules["nlogn_limits"] = limits
    serve(socket.socket(fileno=_CONTROL))
    os._exit(0)


limits = types.ModuleType("nlogn_limits")
job_pid = b""
start()
