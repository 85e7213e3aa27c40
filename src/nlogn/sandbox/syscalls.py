"""The system-call filters: what a confined program may ask of the kernel.

Deny by default. A denied call fails with EPERM, so that an honest program sees a
PermissionError; calls that only an attack makes kill the program (status "forbidden").
The filters are compiled once, outside the sandbox, to BPF; the program's own process id, the one
process it may signal, is put in place of `OWN_PID` just before the filter is installed.
"""

import errno
import functools
import os
from typing import Any, Literal

Profile = Literal["python", "python_threads", "binary", "compiler"]

OWN_PID = 0x4E4C6F67

_CLONE_THREAD = 0x00010000
_CLONE_NEW = 0x7E020080  # every CLONE_NEW* flag, time included

_ALLOW = """
    read write readv writev pread64 pwrite64 lseek close close_range open openat creat dup dup2 dup3
    fstat stat lstat newfstatat statx access faccessat faccessat2 getdents getdents64 readlink
    readlinkat getcwd chdir fchdir umask truncate ftruncate fallocate fsync fdatasync flock
    rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir statfs fstatfs fadvise64
    sendfile copy_file_range splice tee
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
""".split()

_KILL = """
    ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
    mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick
    mount_setattr unshare setns open_by_handle_at
    socket connect bind listen accept accept4
    bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    keyctl add_key request_key init_module finit_module delete_module kexec_load
    kexec_file_load reboot swapon swapoff iopl ioperm acct quotactl nfsservctl
""".split()

_ENOSYS = "clone3 openat2 landlock_create_ruleset seccomp mseal map_shadow_stack".split()

# Terminal attributes and size, close-on-exec, non-blocking, bytes waiting.
_IOCTLS = (0x5401, 0x5413, 0x5450, 0x5451, 0x5421, 0x541B)
# Duplicate, descriptor and status flags, record locks, duplicate with close-on-exec.
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030)
# Thread name, naming of anonymous memory, "no new privileges" and dumpable read back.
_PRCTLS = (15, 16, 0x53564D41, 39, 3)


@functools.cache
def compiled(profile: Profile) -> bytes:
    """The BPF program of a profile, an array of `struct sock_filter`.

    Raises:
        ImportError: libseccomp is not installed.
    """
    import pyseccomp as sc

    filter_ = sc.SyscallFilter(sc.ERRNO(errno.EPERM))

    def rule(action: int, name: str, *args: Any) -> None:
        try:
            number = sc.resolve_syscall(sc.system_arch(), name)
        except (OSError, ValueError):
            return
        if number >= 0:
            filter_.add_rule(action, number, *args)

    for name in _ALLOW:
        rule(sc.ALLOW, name)
    may_exec = profile in ("binary", "compiler")
    for name in _KILL + ([] if may_exec else ["execve", "execveat"]):
        rule(sc.KILL_PROCESS, name)
    for name in _ENOSYS:
        rule(sc.ERRNO(errno.ENOSYS), name)
    for request in _IOCTLS:
        rule(sc.ALLOW, "ioctl", sc.Arg(1, sc.EQ, request))
    for command in _FCNTLS:
        rule(sc.ALLOW, "fcntl", sc.Arg(1, sc.EQ, command))
    for option in _PRCTLS:
        rule(sc.ALLOW, "prctl", sc.Arg(0, sc.EQ, option))
    for name in ("kill", "tgkill"):
        rule(sc.ALLOW, name, sc.Arg(0, sc.EQ, OWN_PID))
    rule(sc.ALLOW, "prlimit64", sc.Arg(0, sc.EQ, 0))
    rule(sc.ALLOW, "setrlimit")
    # asyncio wakes its loop through a pair of connected sockets: no name, no address.
    rule(sc.ALLOW, "socketpair", sc.Arg(0, sc.EQ, 1))
    rule(sc.ALLOW, "sendto", sc.Arg(4, sc.EQ, 0))
    if profile != "python":
        rule(
            sc.ALLOW,
            "clone",
            sc.Arg(0, sc.MASKED_EQ, _CLONE_NEW | _CLONE_THREAD, _CLONE_THREAD),
        )
    if may_exec:
        rule(sc.ALLOW, "execve")
        rule(sc.ALLOW, "execveat")
    if profile == "compiler":
        rule(sc.ALLOW, "clone", sc.Arg(0, sc.MASKED_EQ, _CLONE_NEW, 0))
        for name in ("fork", "vfork", "chmod", "fchmod", "fchmodat", "utimensat"):
            rule(sc.ALLOW, name)
    memory = os.memfd_create("filter", os.MFD_CLOEXEC)
    with open(memory, "w+b") as file:
        filter_.export_bpf(file)
        file.seek(0)
        return file.read()
