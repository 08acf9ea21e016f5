"""Takes away from the current process what a parser never needs: memory without bound, network, programs, other files.

Each part holds where the system offers it. Everywhere: limits of CPU time, of written bytes and of open files. On Linux
also: address space, no system call that reaches the network, starts or touches another process, or changes a file
(seccomp, on x86-64 and ARM64), and no file that can be opened but Python's, the system's libraries and the one that is
parsed (Landlock, kernel 5.13 and later). None of it needs rights, nor can it be undone by the process or its children.
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_MAX_OPEN_FILES = 64

# Classic BPF, linux/bpf_common.h: load a word, compare with a constant, test bits, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # struct seccomp_data, little endian
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# Numbers of system calls. For both, in the same order: socket, connect, accept, sendto, sendmsg, bind, listen,
# socketpair, accept4; clone, clone3, execve, execveat, kill, ptrace, process_vm_readv, process_vm_writev, pidfd_getfd;
# setns, unshare, mount, umount2, bpf, io_uring_setup, userfaultfd, add_key, request_key, keyctl; mkdirat, mknodat,
# unlinkat, symlinkat, linkat, renameat, renameat2, truncate, fchmod, fchmodat, fchownat, fchown, utimensat, openat2.
# Only x86-64 still has: fork, vfork, rename, mkdir, rmdir, creat, link, unlink, symlink, chmod, chown, lchown, mknod,
# utime, utimes.
_REFUSED = {
    "x86_64": """
        41 42 43 44 46 49 50 53 288 56 435 59 322 62 101 310 311 438 308 272 165 166 321 425 323 248 249 250
        258 259 263 266 265 264 316 76 91 268 260 93 280 437
        57 58 82 83 84 85 86 87 88 90 92 94 133 132 235
    """,
    "aarch64": """
        198 203 202 206 211 200 201 199 242 220 435 221 281 129 117 270 271 438 268 97 40 39 280 425 282 217 218 219
        34 33 35 36 37 38 276 45 52 53 54 55 88 437
    """,
}
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*
_OPENING = {
    "x86_64": ((2, 1), (257, 2)),
    "aarch64": ((56, 2),),
}  # open, openat, each with the argument that holds flags
_X32 = 0x40000000

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_ALL = (1 << 13) - 1  # every right to files of the first version, which later kernels have too
_LANDLOCK_READ_FILE, _LANDLOCK_READ_FOLDER = 4, 8
_READABLE = """
/lib /lib64 /usr/lib /usr/share/fonts /usr/share/zoneinfo /etc/ld.so.cache /etc/localtime
/usr/share/tesseract-ocr /usr/share/tessdata /usr/share/tesseract
"""


def leave_network() -> None:
    """Move into a network namespace with nothing in it, where the system allows that to this user."""
    if sys.platform == "linux" and _LIBC.unshare(_CLONE_NEWNET) != 0:
        _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def prepare() -> None:
    """Do once, before forking, what every process that will be confined needs."""
    if sys.platform == "linux" and platform.machine() in _REFUSED:
        _program(platform.machine())


def end_with(parent: int) -> None:
    """End this forked process when ``parent`` does, at once when that has happened already."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # Whoever was killed between the fork and the call is not told of any more.
    if os.getppid() != parent:
        os._exit(1)


def confine(memory_bytes: int, cpu_s: float, files: Sequence[int]) -> None:
    """Confine this process to ``memory_bytes`` of address space, ``cpu_s`` seconds of CPU and the open ``files``."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _allow_reading_only(files)
    _limit(memory_bytes, cpu_s)
    if sys.platform == "linux":
        _refuse_system_calls(platform.machine())


def _limit(memory_bytes: int, cpu_s: float) -> None:
    for name, value in (
        ("RLIMIT_CPU", int(cpu_s) + 1),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_NOFILE", _MAX_OPEN_FILES),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_AS", memory_bytes),
    ):
        number = getattr(resource, name, None)
        if number is None:
            continue
        hard = resource.getrlimit(number)[1]
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses RLIMIT_AS; the others still hold
            resource.setrlimit(number, (limit, limit))


def _allow_reading_only(files: Sequence[int]) -> None:
    """Landlock: of all files only the readable ones and the open ``files`` can be opened, and none be changed."""
    handled = struct.pack("=Q", _LANDLOCK_ALL)
    ruleset = _LIBC.syscall(_LANDLOCK_CREATE, handled, len(handled), 0)
    if ruleset < 0:
        return
    try:
        for descriptor in files:
            _allow(ruleset, descriptor, _LANDLOCK_READ_FILE)
        for path in _readable_paths():
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            folder = _LANDLOCK_READ_FOLDER if path.is_dir() else 0
            _allow(ruleset, descriptor, _LANDLOCK_READ_FILE | folder)
            os.close(descriptor)
        _LIBC.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, descriptor: int, rights: int) -> None:
    _LIBC.syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0)


def _readable_paths() -> Iterator[Path]:
    """What Python still loads while parsing, a codec for instance. Not the folder that the app itself runs in: its data
    may lie there."""
    yield Path(__file__).parents[1]
    yield Path(os.__file__).parent
    yield Path(sys.prefix) / "lib"
    yield Path(sys.base_prefix) / "lib"
    yield from map(Path, _READABLE.split())


def _refuse_system_calls(machine: str) -> None:
    if machine not in _REFUSED or sys.byteorder != "little":
        return
    program = _program(machine)
    code = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    _LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(header), 0, 0)


@cache
def _program(machine: str) -> list[bytes]:
    """The filter: refuses foreign architectures, the numbers above, and opening for writing; allows all else."""
    steps = [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_EQUAL, _ARCHITECTURES[machine], 1, 0),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _NUMBER_AT),
        _step(_AT_LEAST, _X32, 0, 1),
        _step(_RETURN, _REFUSE),
    ]
    for number in map(int, _REFUSED[machine].split()):
        steps += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _REFUSE)]
    for number, argument in _OPENING[machine]:
        steps += [
            _step(_EQUAL, number, 0, 4),
            _step(_LOAD, _ARGUMENTS_AT + 8 * argument),
            _step(_ANY_BIT, _WRITING, 0, 1),
            _step(_RETURN, _REFUSE),
            _step(_RETURN, _ALLOW),
        ]
    steps.append(_step(_RETURN, _ALLOW))
    return steps


def _step(code: int, constant: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, constant)
