# SPDX-License-Identifier: Apache-2.0
"""
A file whose server in user space keeps silent when it is read, as a network file system's may:
FUSE, whose messages are in include/uapi/linux/fuse.h.
"""

import ctypes
import errno
import os
import select
import struct
import subprocess
from pathlib import Path

from subjects import PAGE, Child

libc = ctypes.CDLL(None, use_errno=True)
DEVICE = Path("/dev/fuse")
READ_AHEAD = 1 << 17
MNT_DETACH = 2
GETATTR, OPEN, READ, INIT, FORGET, INTERRUPT = 3, 14, 15, 26, 2, 36
ASYNC_READ = 1
IN_HEADER, OUT_HEADER = struct.Struct("=IIQQIIII"), struct.Struct("=IiQ")


def _attributes():
    size, mode = PAGE, 0o100644
    return struct.pack("=QII6Q10I", 3600, 0, 0, 1, size, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, PAGE, 0)


def _serve(device, control, content):
    """In a child: answers all requests, but reads only after a byte from the control pipe."""
    answers = {
        INIT: struct.pack("=IIIIHHIIHHI28x", 7, 31, READ_AHEAD, ASYNC_READ, 16, 12, PAGE, 1, 1, 0, 0),
        GETATTR: _attributes(),
        OPEN: struct.pack("=QII", 1, 0, 0),
        READ: content,
    }
    waiting, silent = [], True
    while True:
        ready, _, _ = select.select([device, control], [], [])
        if control in ready:
            os.read(control, 1)
            silent = not silent
        if device in ready:
            request = os.read(device, READ_AHEAD + PAGE)
            _, operation, number, *_ = IN_HEADER.unpack_from(request)
            if operation not in (FORGET, INTERRUPT):
                waiting.append((operation, number))
        for one in [one for one in waiting if not silent or one[0] != READ]:
            waiting.remove(one)
            operation, number = one
            answer = answers.get(operation, b"")
            error = 0 if operation in answers else -errno.ENOSYS
            # Who asked may be dead.
            try:
                os.write(device, OUT_HEADER.pack(OUT_HEADER.size + len(answer), error, number) + answer)
            except FileNotFoundError:
                pass


class SilentFile:
    """A file of one page; silent at first."""

    def __init__(self, path, content):
        if not DEVICE.exists():
            subprocess.run(["modprobe", "fuse"], check=True)
        self.path = str(path)
        path.touch()
        device = os.open(DEVICE, os.O_RDWR)
        options = f"fd={device},rootmode=100644,user_id=0,group_id=0"
        if libc.mount(b"silent", self.path.encode(), b"fuse", 0, options.encode()):
            raise OSError(ctypes.get_errno(), "mount")
        control, self._control = os.pipe()
        self.server = Child()
        self.server.start(_serve, device, control, content.ljust(PAGE, b"\0"))
        os.close(device)
        os.close(control)
        # Until it is asked for, the kernel takes the size for 0.
        assert os.stat(path).st_size == PAGE

    def turn(self):
        """Makes a silent server answer, and one that answers silent."""
        os.write(self._control, b"x")

    def close(self):
        """Its end, by which all who wait for it get an error."""
        self.server.end()
        os.close(self._control)
        assert libc.umount2(self.path.encode(), MNT_DETACH) == 0
