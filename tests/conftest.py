"""What holds for all tests: no connection leaves this machine."""

import os

import pytest
from hypothesis import settings
from pytest_socket import socket_allow_hosts

# no deadline, as a first call may load a library; the same examples every time, so that a red run is a change
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(autouse=True)
def only_loopback():
    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True, scope="session")
def own_allowance(tmp_path_factory):
    """Let the tests share no allowance with searches that run on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield
