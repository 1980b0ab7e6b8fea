"""Who may import whom; see docs/architecture.md."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "metareview"

# the ground floor, each file above those it stands on
FLOOR = (
    "errors",
    "names",
    "characters",
    "disk",
    "readings",
    "files",
    "journal",
    "locks",
    "tables",
    "archives",
)
GROUND = set(FLOOR)
MAY_IMPORT = {
    **{name: set(FLOOR[:n]) for n, name in enumerate(FLOOR)},
    "protocol": GROUND,
    "search": GROUND,
    "effects": GROUND,
    "extraction": GROUND | {"protocol"},
    "screening": GROUND | {"search"},
    "synthesis": GROUND | {"effects"},
    "figures": GROUND | {"synthesis", "effects", "screening", "extraction"},
    "review": GROUND | {"protocol", "search", "screening", "extraction", "effects", "synthesis"},
    "report": GROUND | {"review", "figures", "synthesis", "effects", "protocol"},
    "cli": GROUND
    | {
        "report",
        "review",
        "figures",
        "synthesis",
        "effects",
        "extraction",
        "screening",
        "search",
        "protocol",
    },
}
ONLY_IN = {
    "urllib.request": {"search/entrez"},
    "http": {"search/entrez"},
    "socket": {"search/entrez"},
    "ssl": {"search/entrez"},
    "requests": set(),
    "matplotlib": {"figures"},
    "forestplot": {"figures"},
}


def rooms():
    return {p.stem if p.suffix else p.name for p in PACKAGE.iterdir() if p.suffix == ".py" or p.is_dir()} - {
        "__init__",
        "__main__",
        "__pycache__",
    }


def files():
    return sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or not p.stem.startswith("__"))


def room_of(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path):
    """Yield the full dotted name of everything a file imports, at the top or inside functions."""
    package = ["metareview", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def violations(path, names):
    room = room_of(path)
    for name in names:
        parts = name.split(".")
        if parts[0] == "metareview" and len(parts) > 1:
            target = parts[1]
            if target not in (room, "__version__") and target not in MAY_IMPORT[room]:
                yield f"{path.relative_to(PACKAGE)} imports {name}"


def test_every_room_has_its_place_in_the_plan():
    assert rooms() <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    assert list(violations(path, imported(path))) == []


def test_the_test_sees_an_import_that_points_up():
    assert list(violations(PACKAGE / "effects" / "measures.py", ["metareview.review.Review"]))


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_network_and_ink_stay_in_their_rooms(path):
    here = str(path.relative_to(PACKAGE).with_suffix(""))
    for name in imported(path):
        for package, allowed in ONLY_IN.items():
            if name == package or name.startswith(package + "."):
                assert any(here == a or here.startswith(a + "/") or here.startswith(a) for a in allowed), name


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_short(path):
    assert len(path.read_text("utf-8").splitlines()) <= 500


def test_no_function_hides_a_module_of_its_folder_or_a_room():
    for path in files():
        modules = {p.stem for p in path.parent.glob("*.py")} | rooms()
        tree = ast.parse(path.read_text("utf-8"))
        named = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
        assert not (named & modules), path
