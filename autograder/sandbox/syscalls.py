"""The system calls that a submission's process may make. All others "do not exist" for it.

A list of what is allowed, since nobody can list all that is dangerous, and kernels grow. Every other call
fails with ENOSYS, which the C library and Python know how to live with; the few that honest code may try fail
with EPERM, whose message tells more. Code of another architecture (i386, x32) ends the process.
"""

import errno
import tempfile

import pyseccomp

from autograder.sandbox import kernel

ALLOWED = """
    read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek sendfile copy_file_range
    open openat creat close close_range dup dup2 dup3 pipe pipe2 eventfd2 fsync fdatasync
    stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat
    getdents getdents64 getcwd chdir fchdir umask mkdir mkdirat rmdir unlink unlinkat rename renameat
    renameat2 link linkat symlink symlinkat truncate ftruncate fallocate fadvise64 utime utimes utimensat
    futimesat chmod fchmod fchmodat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
    mmap mprotect munmap mremap madvise msync mincore brk membarrier
    futex futex_waitv set_robust_list get_robust_list set_tid_address rseq arch_prctl exit exit_group
    restart_syscall sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max
    sched_get_priority_min getpriority getcpu
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack
    kill tkill tgkill pause alarm setitimer getitimer wait4 waitid
    select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
    nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage getrlimit setrlimit
    uname sysinfo getrandom getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups
    getpgid getpgrp getsid
    recvfrom shutdown getsockname getpeername getsockopt
"""

REFUSED = """
    flock fork vfork execve execveat socket bind connect listen accept accept4 setsockopt
    sched_setaffinity sched_setscheduler setpriority setsid setpgid
    ptrace mount umount2 unshare setns chroot pivot_root mknod mknodat chown fchown lchown fchownat
    setuid setgid setreuid setregid setresuid setresgid setgroups personality
"""

# Of what fcntl can do: duplicates, flags, and the locks that SQLite takes. Not larger pipes, which are one
# account for all processes of a user, and not to be told what others do in a folder. flock is refused because
# it locks a file that is only read: Python's own, the course's, for every process of the machine.
FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
TERMINAL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIO(N)CLEX
PROCESS = (3, 15, 16, 0x53564D41)  # PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA (malloc's)
UNIX, STREAM = 1, 1
UNKNOWN = -1


def program(allowed: str = ALLOWED) -> bytes:
    """The filter as a BPF program. Made once: it takes ten times as long as switching it on."""
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.ENOSYS))
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)

    def add(action, name, *conditions):
        if number(name) != UNKNOWN:  # an older libseccomp; what it does not know stays forbidden
            rules.add_rule(action, name, *conditions)

    for name in allowed.split():
        add(pyseccomp.ALLOW, name)
    for name in set(REFUSED.split()) - set(allowed.split()):
        add(pyseccomp.ERRNO(errno.EPERM), name)
    for request in TERMINAL:
        add(pyseccomp.ALLOW, "ioctl", pyseccomp.Arg(1, pyseccomp.EQ, request))
    for command in FCNTL:
        add(pyseccomp.ALLOW, "fcntl", pyseccomp.Arg(1, pyseccomp.EQ, command))
    for option in PROCESS:
        add(pyseccomp.ALLOW, "prctl", pyseccomp.Arg(0, pyseccomp.EQ, option))
    # clone3 hides its flags from a filter. Without it the C library uses clone, which does not.
    thread = kernel.CLONE_THREAD
    add(pyseccomp.ALLOW, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, thread, thread))
    add(pyseccomp.ERRNO(errno.EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, thread, 0))
    add(pyseccomp.ALLOW, "prlimit64", pyseccomp.Arg(0, pyseccomp.EQ, 0))
    # The channel, and pairs, which asyncio wakes itself with; no addresses, no file descriptors in them.
    add(pyseccomp.ALLOW, "sendto", pyseccomp.Arg(4, pyseccomp.EQ, 0))
    pair = pyseccomp.Arg(0, pyseccomp.EQ, UNIX), pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xF, STREAM)
    add(pyseccomp.ALLOW, "socketpair", *pair)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def number(name: str) -> int:
    """The number of a system call on this machine; negative when it has none of this name."""
    return pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
