"""The shape of the package: imports run one way, files are short, and none is named for nothing in particular."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "vtspolicy"
LAYERS = ("errors", "events", "command", "policy", "systems", "planning", "transfer", "catalog", "service", "report",
          "demo", "cli")
"""From the bottom up: each may import itself and what stands before it."""
DOORS = ("cli", "subcommands", "session", "receive", "entry", "__main__")
"""The modules at the top of the package that belong to the last layer."""
FOUNDATIONS = ("errors", "events")
"""They import nothing of ours."""
VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "core", "base"}
LONGEST = 300

FILES = sorted(PACKAGE.rglob("*.py"))


def layer_of(module: str) -> str | None:
    """The layer of a module of ours; None for the package itself, which holds only the version."""
    parts = module.split(".")
    if len(parts) == 1:
        return None
    return "cli" if parts[1] in DOORS else parts[1]


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(path: Path) -> set[str]:
    """All modules of ours that a file imports, also late and for types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            if node.module == "vtspolicy":
                found |= {f"vtspolicy.{each.name}" for each in node.names if not each.name.startswith("__")}
            elif (node.module or "").startswith("vtspolicy."):
                found.add(str(node.module))
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names if each.name.startswith("vtspolicy")}
    return found


def test_every_module_has_its_layer() -> None:
    assert len(FILES) > 50
    assert {layer_of(module_of(path)) for path in FILES} - {None} <= set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    layer = layer_of(module_of(path))
    wanted = {layer_of(each) for each in imports_of(path)} - {None}
    if layer is None:
        assert wanted == set()
        return
    allowed = {layer} if layer in FOUNDATIONS else set(LAYERS[:LAYERS.index(layer) + 1])
    assert wanted <= allowed, f"{layer} imports {wanted - allowed}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_short_and_has_one_purpose(path: Path) -> None:
    lines = path.read_text().splitlines()
    count = len(lines)
    assert count <= LONGEST
    assert lines[0].startswith('"""'), "says nothing of its purpose"
    assert not VAGUE & {*path.relative_to(PACKAGE).with_suffix("").parts}


def test_a_layer_upwards_would_be_noticed(tmp_path: Path) -> None:
    late = tmp_path / "late.py"
    late.write_text("def f():\n    from vtspolicy.cli import main\n    from vtspolicy import events, __version__\n")
    assert imports_of(late) == {"vtspolicy.cli", "vtspolicy.events"}
    assert {layer_of(each) for each in imports_of(late)} == {"cli", "events"}
    assert layer_of("vtspolicy.session") == "cli"
    assert layer_of("vtspolicy.report.manual.roff") == "report"
