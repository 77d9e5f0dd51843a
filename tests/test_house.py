"""The house is as it is drawn: imports run down only, and each power lives in one room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "reconciler"

MAY_IMPORT = {
    "cli": {"agent", "engine", "kinds", "core", "source", "aws", "report", "model", "simulator"},
    "agent": {"engine", "kinds", "core", "source", "aws", "report", "model"},
    "engine": {"kinds", "core", "source", "aws", "report", "model"},
    "kinds": {"model"},
    "core": {"model"},
    "source": {"model"},
    "aws": {"model"},
    "report": {"model"},
    "model": set(),
    "simulator": set(),
}
"""Room → the rooms below it. The five of the third storey never import each other."""

ONLY_IN = {
    "boto3": ("aws/", "simulator/"),
    "botocore": ("aws/", "simulator/"),
    "moto": ("simulator/",),
    "cryptography": ("aws/", "agent/login/"),
    "pyrage": ("aws/",),
    "deepdiff": ("core/diff.py",),
    "yaml": ("source/", "simulator/"),
    "subprocess": ("source/", "cli/demo"),
    "rich": ("cli/",),
    "click": ("cli/",),
    "pydantic": ("model/", "source/", "engine/saved_plan.py", "aws/record_format.py"),
    "structlog": ("report/log.py",),
    "starlette": ("agent/server/",),
    "uvicorn": ("agent/server/",),
    "prometheus_client": ("agent/server/",),
    "minijinja": ("agent/tell/",),
    "urllib3": ("agent/http.py",),
    "cronsim": ("model/cron.py",),
    "watchfiles": ("agent/wake/",),
}
"""Library → where it may be imported."""

PURE = ("model/", "core/", "kinds/", "report/")
FORBIDDEN_IN_PURE = {"time", "os", "random", "socket", "threading", "concurrent", "subprocess", "secrets", "uuid"}
CLOCKS = {"now", "utcnow", "today"}


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def place(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imports(file: Path) -> Iterator[str]:
    """Every module a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(file, node)
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


def _absolute(file: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = ["reconciler", *file.relative_to(ROOT).parts[: -node.level]]
    return ".".join([*package, node.module] if node.module else package)


def rooms(file: Path) -> set[str]:
    """The rooms a file imports from."""
    parts = (name.split(".") for name in imports(file) if name.startswith("reconciler."))
    return {part[1] for part in parts if part[1] in MAY_IMPORT}


def test_every_room_of_the_drawing_is_there_and_no_other():
    assert {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_down_only(room):
    upward = {
        place(file): sorted(rooms(file) - MAY_IMPORT[room] - {room})
        for file in files()
        if place(file).startswith(f"{room}/")
    }
    assert {file: found for file, found in upward.items() if found} == {}


def test_no_kind_imports_another():
    names = {file.stem for file in (ROOT / "kinds").glob("*.py") if file.stem != "__init__"}
    kinds = {name for name in names if not any(name.startswith(f"{other}_") for other in names)}
    for file in (ROOT / "kinds").glob("*.py"):
        if file.stem == "__init__":
            continue
        own = next(kind for kind in sorted(kinds, key=len, reverse=True) if file.stem.startswith(kind))
        others = {f"reconciler.kinds.{name}" for name in names if not name.startswith(own)}
        assert not others & set(imports(file)), f"{place(file)} imports another kind"


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_only_where_it_belongs(library):
    outside = [
        place(file)
        for file in files()
        if any(name.split(".")[0] == library for name in imports(file)) and not place(file).startswith(ONLY_IN[library])
    ]
    assert outside == []


def test_the_clock_the_system_and_chance_stay_out_of_the_pure_rooms():
    for file in files():
        if not place(file).startswith(PURE):
            continue
        found = {name.split(".")[0] for name in imports(file)} & FORBIDDEN_IN_PURE
        assert not found, f"{place(file)} imports {found}"
        for node in ast.walk(ast.parse(file.read_text())):
            assert not (isinstance(node, ast.Attribute) and node.attr in CLOCKS), f"{place(file)} reads a clock"


def test_every_room_has_a_charter_and_every_module_says_its_reason():
    for file in files():
        if file.name == "__main__.py" or file.parent == ROOT:
            continue
        assert ast.get_docstring(ast.parse(file.read_text())), f"{place(file)} has no docstring"


def test_core_names_no_kind():
    kinds = {"Service", "TaskDefinition", "LogGroup", "Cluster", "Secret", "Parameter", "Job"}
    for file in files():
        if not place(file).startswith("core/"):
            continue
        strings = {node.value for node in ast.walk(ast.parse(file.read_text()))
                   if isinstance(node, ast.Constant) and isinstance(node.value, str)}  # fmt: skip
        assert not strings & kinds, f"{place(file)} names a kind"
