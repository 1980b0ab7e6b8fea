"""Whatever a text holds, a terminal is shown letters: no codes, no turned writing, no markup."""

import ast
import io
import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.characters import printable
from metareview.cli.terminal import console, label, plain, say, say_json
from tests.whole_review import PLAN, call, lay_out_whole

CLI = Path(__file__).parent.parent.parent / "metareview" / "cli"
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07 \u202eturned\u2069 [bold]x[/bold] [link=http://x]y[/link] :smile: \x9b1m"
)
ENCODINGS = ["utf-8", "ascii", "latin-1", "cp1252", "cp437", "cp850"]
# the one way out, and what would be another
ALLOWED = {"terminal.py"}
WAY_OUT = re.compile(
    r"print|(click\.)?(s?echo|echo_via_pager)|(\w+\.)*(Console|Text|from_markup)|sys\.\w+\.write"
)


def calls(path):
    """Give every call as its line and its words: ``click.echo``, ``print``, ``….print``."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, re.sub(r".*[)\]]", "…", ast.unparse(node.func), flags=re.DOTALL)


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.name)
def test_there_is_one_way_to_the_terminal(path):
    if path.name in ALLOWED:
        return
    assert [(line, called) for line, called in calls(path) if WAY_OUT.fullmatch(called)] == []


def printed(monkeypatch, encoding, do):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        do()
    return out.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_is_shown_what_it_can_hold(monkeypatch, encoding):
    text = "Müller – “k ≥ 2” × 3 … مرحبا 👩‍⚕️ " + HOSTILE
    shown = printed(monkeypatch, encoding, lambda: say(text))
    assert shown == shown.translate(dict.fromkeys([*range(9), *range(11, 32), *range(127, 160), 0x202E]))
    assert "\\x1b[31mred" in shown
    assert "\\u202eturned" in shown
    assert {"ascii": 'Muller - "k >= 2" x 3 ... ????? ', "utf-8": "Müller – “k ≥ 2” × 3 … مرحبا 👩‍⚕️ "}.get(
        encoding, ""
    ) in shown


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(
    found=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(st.characters())
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_holds_nothing_that_a_terminal_obeys_and_reads_the_same(encoding, found):
    with pytest.MonkeyPatch.context() as patch:
        shown = printed(patch, encoding, lambda: say_json(found))
    assert printable(shown) == shown
    assert json.loads(shown) == found


def test_numbers_that_json_has_no_word_for_are_null(monkeypatch):
    found = {"a": float("nan"), "b": [float("inf"), 1.5], "c": ("x",)}
    shown = printed(monkeypatch, "utf-8", lambda: say_json(found))
    assert json.loads(shown) == {"a": None, "b": [None, 1.5], "c": ["x"]}


def test_rich_is_given_text_and_makes_nothing_of_it(monkeypatch):
    from rich.table import Table

    def show():
        screen = console(width=200)
        table = Table(HOSTILE)
        table.add_row(HOSTILE)
        screen.print(HOSTILE)
        screen.print(plain(HOSTILE, style="bold"))
        screen.print(table)

    shown = printed(monkeypatch, "utf-8", show)
    assert printable(shown) == shown
    assert shown.count("[bold]x[/bold] [link=http://x]y[/link] :smile:") == 4


def test_what_a_bar_is_labelled_is_no_markup_either():
    from rich.text import Text

    shown = Text.from_markup(label("\x1b[31m[red]a[/red]\nb"))
    assert shown.plain == "\\x1b[31m[red]a[/red] b"


COMMANDS = [
    ("check", "small"),
    ("check", "small", "--json"),
    ("pool", "small"),
    ("pool", "small", "--json"),
    ("explain", "small", "death"),
    ("explain", "small", "death", "--json"),
    ("status", "small"),
    ("flow", "small"),
    ("meta", "t.csv", "--measure", "RR", "--subgroup", "g", "--leave-one-out"),
    ("screen", "conflicts", "small"),
    ("dedupe", "small", "--json"),
    ("search", "small", "--lint"),
    ("pool", "\x1b[31m\u202e"),
    ("meta", "\x1b[31m\u202e.csv", "--measure", "RR"),
    ("import", "small", "\x1b[31m\u202e.ris"),
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Lay out a review whose titles, labels and groups turn the writing and ask for colours."""
    root = tmp_path_factory.mktemp("hostile")
    lay_out_whole(root, protocol=PLAN.replace('"Death"', '"\\u202eDeath [red]x[/red]"'))
    text = "study,ai,n1i,ci,n2i,g\n[red]A[/red]\u202e,1,10,3,10,[bold]\nB\u202a,2,20,5,21,[bold]\n"
    (root / "t.csv").write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert call("pool", "small").code == 0
    return root


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: ascii(" ".join(words)))
@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_no_command_prints_what_a_terminal_would_obey(hostile, monkeypatch, words, encoding):
    monkeypatch.chdir(hostile)
    done = call(*words, encoding=encoding)
    for said in (done.out, done.err):
        assert printable(said) == said
    assert "fault of its own" not in done.err
    if "--json" in words:
        json.loads(done.out)
