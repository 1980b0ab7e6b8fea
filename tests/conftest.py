"""What holds for all tests: no connection leaves this machine; slow ones say what they did and how long."""

import os

import pytest
from hypothesis import settings
from pytest_socket import socket_allow_hosts

CPU = "seconds of the processor"

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


@pytest.fixture
def counts(record_property):
    """Let a test say figures that `make test-slow` prints: ``counts(tried=120, lost=0)``."""

    def say(**figures):
        for name, figure in figures.items():
            record_property(name, figure)

    return say


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Keep the processor's seconds of a slow test: those of the clock depend on what else runs."""
    before = os.times()
    try:
        return (yield)
    finally:
        if item.get_closest_marker("slow"):
            spent = sum(os.times()[:4]) - sum(before[:4])
            item.user_properties.append((CPU, spent))


def pytest_terminal_summary(terminalreporter):
    """Name each slow test with its time and its figures, the longest first."""
    reports = [r for name in ("passed", "failed", "skipped") for r in terminalreporter.getreports(name)]
    slow = [r for r in reports if (r.when == "call" or r.skipped) and "slow" in r.keywords]
    if not slow:
        return
    terminalreporter.section("slow tests: seconds of the clock, of the processor, figures")
    for report in sorted(slow, key=lambda r: -r.duration):
        figures = dict(report.user_properties)
        spent = figures.pop(CPU, 0.0)
        told = ", ".join(f"{name} {figure}" for name, figure in figures.items())
        told = told or " ".join(report.capstdout.splitlines()[-1:])
        terminalreporter.write_line(
            f"{report.duration:7.1f} {spent:7.1f}  {report.outcome}  {report.nodeid}  {told}"
        )
    whole = sum(dict(r.user_properties).get(CPU, 0.0) for r in slow)
    terminalreporter.write_line(f"{len(slow)} slow tests took {whole:.0f} seconds of the processor")
