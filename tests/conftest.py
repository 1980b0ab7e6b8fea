"""What holds for all tests: no connection leaves this machine."""

import pytest
from hypothesis import settings
from pytest_socket import socket_allow_hosts

settings.register_profile("metareview", deadline=None)  # a first call may load a library
settings.load_profile("metareview")


@pytest.fixture(autouse=True)
def only_loopback():
    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
