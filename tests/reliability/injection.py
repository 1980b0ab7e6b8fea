"""Faults placed at the file operations of a command, and what must hold afterwards.

Whatever the fault was, the next run of the same command must leave the review as if there had been
none; a person's edit must be as if made before the command or after it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, product
from pathlib import Path

from reliability.command import (
    KILLED,
    TRACEBACK,
    Act,
    Done,
    Operation,
    at,
    die_at,
    full_from,
    refused_at,
    run,
)
from reliability.scenes import REVIEW, Edit, Scene
from reliability.trees import Tree, differences, left_over, put_back, settled, state, take

READERS = (("check", REVIEW), ("flow", REVIEW, "--draft"), ("status", REVIEW), ("screen", "status", REVIEW))
MANY = 100
REFUSALS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)
RUNS = 3  # as many as a fault, a second process and the run that follows may make of one command
_AGAIN = ("Run the command again", "Run it again")
# between two operations of these kinds nothing else of a command meets the disk
_MEETS = {"open", "create", "exchange", "link", "rename", "replace", "remove", "listdir", "scandir"}


@dataclass
class Count:
    """How many faults were placed, and what they cost.

    Attributes
    ----------
    tried : faults placed
    lost : one sentence for each that left something behind
    """

    tried: int = 0
    lost: list[str] = field(default_factory=list)


class Trial:
    """One command on its review, run calmly and with faults.

    Parameters
    ----------
    root
        A folder that may be emptied.
    scene
        The command and its review.
    """

    def __init__(self, root: Path, scene: Scene) -> None:
        self.root, self.scene = root / "review", scene
        self.before = scene.tree()
        self.count = Count()
        self._calm: dict[object, list[Mapping[str, bytes]]] = {}
        self._observe()

    def _observe(self) -> None:
        """Run calmly, keeping the folder as it is before each operation, and then again."""
        put_back(self.root, self.before)
        kept: list[tuple[Operation, dict[str, bytes | None]]] = []
        first = self.run(act=lambda operation: kept.append((operation, take(self.root))), told=kept)
        assert first.code == 0, first.err
        self.operations = [operation for operation, _ in first.told]
        self.trees = [tree for _, tree in first.told]
        self.after = take(self.root)
        self.codes, self.whole = {first.code}, [state(self.after)]
        for _ in range(RUNS - 1):
            done = self.run()
            assert done.code == 0 or done.refused, done.err
            self.codes.add(done.code)
            self.whole.append(state(take(self.root)))

    def run(
        self, *, act: Act | None = None, told: list[object] | None = None, words: Sequence[str] = ()
    ) -> Done:
        """Run the scene's command, or another, on the folder as it is."""
        return run(
            self.root,
            tuple(words) or self.scene.words,
            keys=self.scene.keys,
            environment=self.scene.environment,
            act=act,
            told=told,
        )

    def finish(self) -> Done:
        """Run the command again, as often as it asks for that."""
        for _ in range(3):
            done = self.run()
            if not (done.refused and any(says in done.err for says in _AGAIN)):
                break
        return done

    def calm(self, path: str, raw: bytes, *, late: bool) -> list[Mapping[str, bytes]]:
        """Return the states when a person saved a file before the command, or after it, and it ran again.

        A search adds a run each time, so that the state after one more run may be, too.
        """
        if (path, raw, late) not in self._calm:
            put_back(self.root, self.after if late else self.before)
            self.save(path, raw)
            self._calm[path, raw, late] = [self._finished(), self._finished()]
        return self._calm[path, raw, late]

    def _finished(self) -> Mapping[str, bytes]:
        self.finish()
        return state(take(self.root))

    def save(self, path: str, raw: bytes, *, in_place: bool = False) -> None:
        """Save a file as a person's program does: in place, or beside it and then by a rename."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target if in_place else self.root.parent / "saved"
        beside.write_bytes(raw)
        if not in_place:
            beside.replace(target)

    def say(self, where: str, what: str) -> None:
        """Keep a loss."""
        self.count.lost.append(f"{where}: {what}")

    def check(self, where: str, done: Done, wanted: Sequence[Mapping[str, bytes]]) -> None:
        """Hold the folder against the states that may be, after the last run."""
        tree = take(self.root)
        if done.code == TRACEBACK:
            self.say(where, f"a traceback: {done.err[-700:]}")
        elif done.code not in self.codes and not done.refused:
            self.say(where, f"exit {done.code}: {done.err[-300:]}")
        elif left_over(tree):
            self.say(where, f"left over: {left_over(tree)}")
        elif state(tree) not in wanted:
            other = min((differences(state(tree), one) for one in wanted), key=len)
            self.say(where, f"{other} differ; it said {(done.out + done.err)[-300:]!r}")


def sampled(items: Sequence[Operation], sample: int) -> Sequence[Operation]:
    """Return evenly chosen ones, all when the sample is 0."""
    return items[:: max(1, len(items) // sample)] if sample else items


def kill(trial: Trial, sample: int = 0) -> Count:
    """Kill the command at each operation, and run it again.

    Where the kill leaves another folder than the kill before it, another command comes first in a second
    trial, and a person's edit in a third.
    """
    seen: list[object] = []
    for operation in sampled(trial.operations, sample):
        where = f"killed before {operation.number} ({operation.kind} {Path(operation.path).name})"
        put_back(trial.root, trial.before)
        trial.count.tried += 1
        killed = trial.run(act=die_at(operation.number))
        assert killed.code == KILLED, where
        tree = take(trial.root)
        trial.check(where, trial.finish(), trial.whole)
        if settled(tree) not in seen:
            seen.append(settled(tree))
            _after_kill(trial, where, tree, READERS[len(seen) % len(READERS)])
    return trial.count


def _after_kill(trial: Trial, where: str, tree: Tree, reader: Sequence[str]) -> None:
    put_back(trial.root, tree)
    read = trial.run(words=reader)
    if read.code == TRACEBACK:
        trial.say(where, f"a traceback of {reader}: {read.err[-500:]}")
    trial.check(f"{where}, then {reader[0]}", trial.finish(), trial.whole)
    for edit in trial.scene.edits:
        _edit_after_kill(trial, where, tree, edit)


def _edit_after_kill(trial: Trial, where: str, tree: Tree, edit: Edit) -> None:
    saved = edit.of(tree.get(edit.path))
    if saved is None:
        return
    trial.count.tried += 1
    wanted = list(_orders(trial, edit))
    put_back(trial.root, tree)
    trial.save(edit.path, saved)
    trial.check(f"{where}, then {edit.path} edited", trial.finish(), wanted)


def _orders(trial: Trial, edit: Edit) -> Iterator[Mapping[str, bytes]]:
    """Give the states in which the edit came first, and in which the command did."""
    for late, held in ((False, trial.before), (True, trial.after)):
        saved = edit.of(held.get(edit.path))
        if saved is not None:
            yield from trial.calm(edit.path, saved, late=late)


def fill_the_disk(trial: Trial, sample: int = 0) -> Count:
    """Let the disk be full from each operation on that needs room."""
    for operation in sampled([o for o in trial.operations if o.needs_room], sample):
        where = f"full from {operation.number} ({operation.kind} {Path(operation.path).name})"
        put_back(trial.root, trial.before)
        trial.count.tried += 1
        done = trial.run(act=full_from(operation.number))
        _check_full(trial, where, done)
        trial.check(f"{where}, then emptied", trial.finish(), trial.whole)
    return trial.count


def refuse(trial: Trial, sample: int = 0) -> Count:
    """Let the disk refuse each operation, of whatever kind: that one alone, or it with all that follow.

    It is full, broken, not to be written or forbidden, in turn.
    """
    ways = cycle(product((False, True), REFUSALS))
    for operation, (on, code) in zip(sampled(trial.operations, sample), ways, strict=False):
        named = f"{operation.number} ({operation.kind} {Path(operation.path).name})"
        where = f"{errno.errorcode[code]} {'from' if on else 'at'} {named}"
        put_back(trial.root, trial.before)
        trial.count.tried += 1
        done = trial.run(act=refused_at(operation.number, code, on=on))
        errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
        if done.code not in trial.codes and not (done.code == 1 and len(errors) == 1):
            trial.say(where, f"exit {done.code}: {done.err[-500:]}")
        elif any("of its own" in line or "is damaged" in line for line in errors):
            trial.say(where, f"it was taken for something else: {errors}")
        trial.check(f"{where}, then mended", trial.finish(), trial.whole)
    return trial.count


def _check_full(trial: Trial, where: str, done: Done) -> None:
    tree = take(trial.root)
    if done.code == TRACEBACK:
        trial.say(where, f"a traceback: {done.err[-700:]}")
    elif done.code == 0 and state(tree) != trial.whole[0]:
        trial.say(where, f"exit 0, and {differences(state(tree), trial.whole[0])} differ")
    elif done.code and not done.refused:
        trial.say(where, f"exit {done.code} without an error: line: {done.err[-300:]!r}")
    elif left_over(tree):
        trial.say(where, f"left over: {left_over(tree)}")
    else:
        half = [name for name, raw in state(tree).items() if not _is_whole(trial, name, raw)]
        if half:
            trial.say(where, f"half written: {half}")


def _is_whole(trial: Trial, name: str, raw: bytes) -> bool:
    """Check whether a file is one that a calm run has at some moment; a log may end at any whole row."""
    before, after = state(trial.before).get(name), trial.whole[0].get(name)
    if raw in (before, after):
        return True
    if name.startswith("screened/"):
        return after is not None and after.startswith(raw) and raw.endswith(b"\n")
    return any(state(tree).get(name) == raw for tree in trial.trees)


def race(trial: Trial, sample: int = 0) -> Count:
    """Let a person save a file in every gap between two operations, by a rename and in place.

    Where there are many gaps, it is the one and the other in turn.
    """
    gaps = [o for o in trial.operations if o.kind in _MEETS]
    for edit in trial.scene.edits:
        saved = edit.of(trial.before.get(edit.path))
        assert saved is not None, f"{edit.path} holds nothing to edit"
        for number, operation in enumerate(sampled(gaps, sample)):
            in_turn = sample or len(gaps) > MANY
            for in_place in (bool(number % 2),) if in_turn else (False, True):
                _race(trial, operation, edit.path, saved, in_place=in_place)
    return trial.count


def _race(trial: Trial, operation: Operation, path: str, saved: bytes, *, in_place: bool) -> None:
    how = "in place" if in_place else "by a rename"
    where = f"{path} saved {how} before {operation.number} ({operation.kind} {Path(operation.path).name})"
    wanted = [one for late in (False, True) for one in trial.calm(path, saved, late=late)]
    put_back(trial.root, trial.before)
    trial.count.tried += 1
    done = trial.run(act=at(operation.number, lambda: trial.save(path, saved, in_place=in_place)))
    if done.code == TRACEBACK:
        trial.say(where, f"a traceback: {done.err[-700:]}")
    elif done.code not in trial.codes and (trial.root / path).read_bytes() != saved:
        trial.say(where, f"refused, and the file is not what was saved: {done.err[-300:]!r}")
    trial.check(where, trial.finish(), wanted)


def rival(trial: Trial, sample: int = 0) -> Count:
    """Let the same command run whole in another process before each operation of the first."""
    for operation in sampled([o for o in trial.operations if o.kind in _MEETS], sample):
        where = f"a second one before {operation.number} ({operation.kind} {Path(operation.path).name})"
        put_back(trial.root, trial.before)
        trial.count.tried += 1
        told: list[Done] = []
        one = trial.run(act=at(operation.number, lambda told=told: told.append(_second(trial))), told=told)
        both = [one, *one.told]
        for done in both:
            if done.code == TRACEBACK or (done.code not in trial.codes and not done.refused):
                trial.say(where, f"exit {done.code}: {done.err[-700:]}")
        if all(done.refused for done in both):
            trial.say(where, f"both were refused: {[done.err[-200:] for done in both]}")
        trial.check(where, trial.finish(), trial.whole)
    return trial.count


def _second(trial: Trial) -> Done:
    scene = trial.scene
    return run(trial.root, scene.words, keys=scene.keys, environment=scene.environment, side="second")
