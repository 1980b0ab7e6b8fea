"""The allowance of NCBI is one for all processes of a person; no fault of the file they share stops one."""

import json
import os
import stat
import subprocess
import sys
import threading
import time

import pytest
from eutils import StandIn, corpus

from metareview.search.entrez import Access, Client
from metareview.search.entrez.ids import read_hits
from metareview.search.entrez.limiter import MOST_WITHOUT_KEY, WITHOUT_KEY, Limiter, OwnState
from metareview.search.entrez.shared_state import SharedState, shared_folder

SEARCH = """
import sys
from metareview.search.entrez import Access, Client
from metareview.search.entrez.ids import read_hits
client = Client(Access("a@example.org", "", sys.argv[1]))
for _ in range(int(sys.argv[2])):
    client.ask("esearch", {"db": "pubmed", "term": "x"}, "eSearchResult", read_hits)
"""


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def shared(gap=0.0, most=MOST_WITHOUT_KEY):
    return Limiter(gap, most, SharedState("host-open", OwnState()))


def state_file(runtime):
    return runtime / "metareview" / "host-open.json"


def take(limiter, count):
    """Take some turns and give the times at which they began and ended."""
    times = []
    for _ in range(count):
        with limiter.turn():
            times.append(time.monotonic())
    return times


def most_within_a_second(times):
    times = sorted(times)
    return max(sum(start <= t < start + 1 for t in times) for start in times)


def test_processes_that_search_at_once_stay_within_the_allowance_together():
    with StandIn(corpus(3), limited=True) as service:
        command = [sys.executable, "-c", SEARCH, service.url, "4"]
        running = [subprocess.Popen(command, env=os.environ) for _ in range(2)]
        assert [process.wait() for process in running] == [0, 0]
        assert len(service.asked) == 8
        assert service.bad_manners == [], "the service counted more than three in a second"


def test_a_request_that_is_slow_on_its_way_counts_from_its_reply():
    """What a busy machine does: requests pile up on their way and arrive together."""
    with StandIn(corpus(3), limited=True, delay=0.3) as service:
        client = Client(Access("a@example.org", "", service.url))
        asks = [
            threading.Thread(
                target=client.ask, args=("esearch", {"db": "pubmed", "term": "x"}, "eSearchResult", read_hits)
            )
            for _ in range(5)
        ]
        for thread in asks:
            thread.start()
        for thread in asks:
            thread.join()
        assert len(service.asked) == 5
        assert service.bad_manners == []


def test_two_limiters_of_one_place_share_the_allowance():
    times = []
    threads = [threading.Thread(target=lambda: times.extend(take(shared(), 3))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 6
    assert most_within_a_second(times) <= MOST_WITHOUT_KEY


def test_what_a_server_asks_of_one_is_kept_by_all():
    shared().hold(0.3)
    before = time.monotonic()
    assert take(shared(), 1)[0] - before >= 0.29


def test_a_crash_in_the_middle_of_a_request_holds_nobody_up(runtime):
    state = {"requests": [{"name": "1-1", "start": time.monotonic(), "end": 0}], "hold": 0}
    take(shared(), 1)
    state_file(runtime).write_text(json.dumps(state))
    assert len(take(shared(), 2)) == 2


@pytest.mark.parametrize(
    "left",
    [
        "",
        "half of",
        "[]",
        '{"requests": [{}], "hold": 0}',
        '{"requests": [], "hold": NaN}',
        '{"requests": [], "hold": 1e300}',
        '{"requests": [{"name": "x", "start": 1e9, "end": 1e9}], "hold": 0}',
        "\0" * 70_000,
    ],
)
def test_a_file_that_cannot_be_is_taken_for_empty(runtime, left):
    take(shared(), 1)
    state_file(runtime).write_text(left)
    take(shared(gap=WITHOUT_KEY), 1)
    assert len(json.loads(state_file(runtime).read_text())["requests"]) == 1


def spoil_link(runtime):
    (runtime / "elsewhere").mkdir()
    (runtime / "metareview").symlink_to(runtime / "elsewhere")


def spoil_open_folder(runtime):
    (runtime / "metareview").mkdir()
    (runtime / "metareview").chmod(0o777)


def spoil_file_for_folder(runtime):
    (runtime / "metareview").write_text("x")


def spoil_state_is_folder(runtime):
    (runtime / "metareview").mkdir(mode=0o700)
    state_file(runtime).mkdir()


def spoil_state_is_link(runtime):
    (runtime / "metareview").mkdir(mode=0o700)
    (runtime / "precious").write_text("x")
    state_file(runtime).symlink_to(runtime / "precious")


def spoil_state_is_pipe(runtime):
    (runtime / "metareview").mkdir(mode=0o700)
    os.mkfifo(state_file(runtime))


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")
@pytest.mark.parametrize(
    "spoil",
    [
        spoil_link, spoil_open_folder, spoil_file_for_folder, spoil_state_is_folder, spoil_state_is_link,
        spoil_state_is_pipe, lambda runtime: os.environ.update(XDG_RUNTIME_DIR=str(runtime / "missing")),
    ],
)  # fmt: skip
def test_without_a_place_of_its_own_each_process_keeps_its_own_pace(runtime, spoil):
    spoil(runtime)
    assert most_within_a_second(take(shared(), 4)) <= MOST_WITHOUT_KEY
    precious = runtime / "precious"
    assert not precious.exists() or precious.read_text() == "x"


def test_a_lock_that_is_never_given_back_is_not_waited_for_without_end(runtime, monkeypatch):
    import fcntl

    monkeypatch.setattr("metareview.search.entrez.shared_state._PATIENCE", 0.05)
    take(shared(), 1)
    with state_file(runtime).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert len(take(shared(), 2)) == 2


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_the_file_is_its_owners_alone_and_holds_no_key(runtime):
    with StandIn(corpus(1)) as service:
        client = Client(Access("a@example.org", "good-key", service.url))
        client.ask("esearch", {"db": "pubmed", "term": "x"}, "eSearchResult", read_hits)
    (file,) = shared_folder().iterdir()
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    assert "good-key" not in file.name + file.read_text()
    assert "example.org" not in file.read_text()
