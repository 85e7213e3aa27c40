"""The system-call filters: what a confined program may ask of the kernel.

Deny by default. A denied call fails with EPERM, so that an honest program sees a
PermissionError; calls that only an attack makes kill the program (status "forbidden").

Two filters, compiled once outside the sandbox, stand on top of each other. The zygote installs the
large one on itself when it starts, so that the kernel checks and compiles it once and not for
every program. Each program then adds a small one that takes away what the zygote alone
needs: making processes, signalling them, passing descriptors. The program's own process id, the one
process it may signal, is put in place of `OWN_PID` just before.
"""

import errno
import functools
import os
from typing import Any, Literal

Zygote = Literal["zygote", "native_zygote"]
Profile = Literal["python", "python_threads", "binary", "compiler"]

OWN_PID = 0x4E4C6F67

_CLONE_THREAD = 0x00010000
_CLONE_NEW = tuple(
    0x00000080 if bit == 7 else 1 << bit for bit in (7, 17, 25, 26, 27, 28, 29, 30)
)  # time, mount, cgroup, uts, ipc, user, pid, net

_ALLOW = """
    read write readv writev pread64 pwrite64 lseek close close_range open openat creat dup dup2 dup3
    fstat stat lstat newfstatat statx access faccessat faccessat2 getdents getdents64 readlink
    readlinkat getcwd chdir fchdir umask truncate ftruncate fallocate fsync fdatasync flock
    rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir statfs fstatfs fadvise64
    sendfile copy_file_range
    mmap munmap mremap madvise mprotect brk msync membarrier
    pkey_alloc pkey_free pkey_mprotect
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend
    sigaltstack pause alarm getitimer setitimer
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrusage
    getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp
    getpgid getsid getpriority uname sysinfo getrandom getcpu getrlimit sched_yield
    sched_getaffinity sched_getscheduler sched_getparam sched_get_priority_max
    sched_get_priority_min
    futex futex_wait futex_wake futex_waitv futex_requeue set_robust_list get_robust_list
    rseq set_tid_address exit exit_group restart_syscall arch_prctl
    pipe pipe2 eventfd eventfd2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl
    epoll_wait epoll_pwait epoll_pwait2 timerfd_create timerfd_settime timerfd_gettime signalfd
    signalfd4 recvfrom getsockname getpeername getsockopt setsockopt shutdown
    wait4 waitid
""".split()  # noqa: SIM905

_KILL = """
    ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
    mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick
    mount_setattr unshare setns open_by_handle_at
    socket connect bind listen accept accept4
    bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    keyctl add_key request_key init_module finit_module delete_module kexec_load
    kexec_file_load reboot swapon swapoff iopl ioperm acct quotactl nfsservctl
""".split()  # noqa: SIM905

_COMPILER = ["fork", "vfork", "chmod", "fchmod", "fchmodat", "utimensat"]

_ENOSYS = ["clone3", "openat2", "landlock_create_ruleset", "seccomp", "mseal", "map_shadow_stack"]

# The zygote's alone, and what it does once for each child.
_ZYGOTE = ["clone", "kill", "tgkill", "recvmsg", "sendmsg", "pidfd_open"]
_ZYGOTE += ["landlock_restrict_self", "capset"]

# Terminal attributes and size, close-on-exec, non-blocking, bytes waiting.
_IOCTLS = (0x5401, 0x5413, 0x5450, 0x5451, 0x5421, 0x541B)
# Duplicate, descriptor and status flags, record locks, duplicate with close-on-exec.
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030)
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
# Thread name, naming of anonymous memory, "no new privileges" and dumpable read back.
_PRCTLS = (15, 16, 0x53564D41, 39, 3, _PR_SET_PDEATHSIG, _PR_SET_SECCOMP)


@functools.cache
def zygote_filter(kind: Zygote) -> bytes:
    """The BPF program for a zygote, an array of `struct sock_filter`.

    Raises:
        ImportError: libseccomp is not installed.
    """
    import pyseccomp as sc

    rules = _Rules(sc.ERRNO(errno.EPERM))
    native = kind == "native_zygote"
    for name in _ALLOW + _ZYGOTE:
        rules.add(sc.ALLOW, name)
    for name in ["execve", "execveat"]:
        rules.add(sc.ALLOW if native else sc.KILL_PROCESS, name)
    if native:
        for name in _COMPILER:
            rules.add(sc.ALLOW, name)
    for name in _KILL:
        rules.add(sc.KILL_PROCESS, name)
    for name in _ENOSYS:
        rules.add(sc.ERRNO(errno.ENOSYS), name)
    for request in _IOCTLS:
        rules.add(sc.ALLOW, "ioctl", sc.Arg(1, sc.EQ, request))
    for command in _FCNTLS:
        rules.add(sc.ALLOW, "fcntl", sc.Arg(1, sc.EQ, command))
    for option in _PRCTLS:
        rules.add(sc.ALLOW, "prctl", sc.Arg(0, sc.EQ, option))
    rules.add(sc.ALLOW, "prlimit64", sc.Arg(0, sc.EQ, 0))
    # asyncio wakes its loop through a pair of connected sockets: no name, no address.
    rules.add(sc.ALLOW, "socketpair", sc.Arg(0, sc.EQ, 1))
    rules.add(sc.ALLOW, "sendto", sc.Arg(4, sc.EQ, 0))
    return rules.export()


@functools.cache
def program_filter(profile: Profile) -> bytes:
    """The BPF program that one confined program adds to its zygote's.

    Raises:
        ImportError: libseccomp is not installed.
    """
    import pyseccomp as sc

    rules = _Rules(sc.ALLOW)
    denied = sc.ERRNO(errno.EPERM)
    for name in _ZYGOTE[3:]:
        rules.add(denied, name)
    for name in ("kill", "tgkill"):
        rules.add(denied, name, sc.Arg(0, sc.NE, OWN_PID))
    for option in (_PR_SET_PDEATHSIG, _PR_SET_SECCOMP):
        rules.add(denied, "prctl", sc.Arg(0, sc.EQ, option))
    if profile == "python":
        rules.add(denied, "clone")
    else:
        for flag in _CLONE_NEW:
            rules.add(denied, "clone", sc.Arg(0, sc.MASKED_EQ, flag, flag))
        if profile != "compiler":
            rules.add(denied, "clone", sc.Arg(0, sc.MASKED_EQ, _CLONE_THREAD, 0))
    if profile == "binary":
        for name in _COMPILER:
            rules.add(denied, name)
    return rules.export()


class _Rules:
    """A filter being written; system calls that this architecture lacks are left out."""

    def __init__(self, default: int) -> None:
        import pyseccomp as sc

        self.sc = sc
        self.filter = sc.SyscallFilter(default)

    def add(self, action: int, name: str, *args: Any) -> None:
        try:
            number = self.sc.resolve_syscall(self.sc.system_arch(), name)
        except (OSError, ValueError):
            return
        if number >= 0:
            self.filter.add_rule(action, number, *args)

    def export(self) -> bytes:
        with open(os.memfd_create("filter", os.MFD_CLOEXEC), "w+b") as file:
            self.filter.export_bpf(file)
            file.seek(0)
            return file.read()
