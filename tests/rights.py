"""Run without the rights of root, so that a forbidden folder is forbidden in a container too."""

import ctypes
import os
import sys
from contextlib import contextmanager

import pytest

_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_OVER_RIGHTS = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inherited", ctypes.c_uint32),
    )


@contextmanager
def as_anybody():
    """Drop what lets root read and write everything, for a while."""
    if os.name != "posix" or (os.geteuid() == 0 and not sys.platform.startswith("linux")):
        pytest.skip("rights of files are those of POSIX; root is let everywhere")
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, held = _Header(_VERSION, 0), (_Data * 2)()
    if libc.capget(ctypes.byref(header), held) != 0:
        pytest.skip("root cannot lay down its rights here")
    before = held[0].effective
    held[0].effective = before & ~_OVER_RIGHTS
    assert libc.capset(ctypes.byref(header), held) == 0
    try:
        yield
    finally:
        held[0].effective = before
        assert libc.capset(ctypes.byref(header), held) == 0
