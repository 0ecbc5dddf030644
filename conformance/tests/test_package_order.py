"""The order of the packages and of the libraries: a source may import or include only from its own or a lower one."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import cgi_conform
from cgi_conform.paths import REPO

PACKAGE = Path(cgi_conform.__file__).parent
ORDER = ("", "data", "cases", "http", "servers", "judging", "running", "proof", "report", "programs", "sites", "commands")
TOP = ("__main__", "cli", "plugin", "pytest_cases", "usage")
SERVER = REPO / "server"


def floor(module: str) -> int:
    """Returns the place of a module's package in ORDER. The package "" is the lowest."""
    return len(ORDER) if module in TOP else ORDER.index(module.rpartition(".")[0].partition(".")[0])


def imports() -> dict[str, set[str]]:
    """Returns for each module of cgi_conform the modules of cgi_conform that it imports."""
    sources = [*PACKAGE.rglob("*.py"), *(PACKAGE / "data" / "faulty").glob("*.py")]  # rglob skips the symbolic link
    files = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sources}
    found: dict[str, set[str]] = {}
    for module, path in files.items():
        found[module] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cgi_conform":
                where = (node.module or "").removeprefix("cgi_conform").lstrip(".")
                for name in (f"{where}.{alias.name}".lstrip(".") for alias in node.names):
                    places = (name, where, f"{where}.__init__".lstrip("."))
                    found[module].add(next(place for place in places if place in files))
    return found


def includes() -> dict[str, set[str]]:
    """Returns for each source of cgi-server the sources that it includes. NAME.h and NAME.cc count as one."""
    found: dict[str, set[str]] = {}
    for path in [*SERVER.glob("*.h"), *SERVER.glob("*.cc")]:
        headers = set(re.findall(r'^#include "(\w+)\.h"', path.read_text("utf-8"), re.MULTILINE)) - {"version"}
        found.setdefault(path.stem, set()).update(headers - {path.stem})
    return found


def libraries() -> dict[str, int]:
    """Returns for each source the place of its library in CMakeLists.txt. Headers without a source have no place."""
    text = re.sub("#.*", "", (SERVER / "CMakeLists.txt").read_text("utf-8"))
    for name, value in re.findall(r"^set\((\w+) ([^)]*)\)", text, re.MULTILINE):
        text = text.replace(f"${{{name}}}", value)
    # A library may get more sources later. A program of tests brings sources of a library once more.
    lists = re.findall(r"^(?:add_(?:library|executable)| *target_sources)\(([\w-]+)([^)]*)\)", text, re.MULTILINE)
    places = {target: number for number, target in enumerate(dict(lists))}
    return {name: places[target] for target, text in lists for name in re.findall(r"(?<=\s)(\w+)\.cc", text)}


def test_no_module_imports_from_a_package_above_its_own() -> None:
    upward = [(one, other) for one, others in imports().items() for other in others if floor(other) > floor(one)]
    assert upward == []


def test_no_import_of_the_runner_is_circular() -> None:
    TopologicalSorter(imports()).prepare()


def test_no_two_classes_of_the_package_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name.lstrip("_"), []).append(path.relative_to(PACKAGE).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_no_source_of_the_server_includes_a_header_of_a_library_above_its_own() -> None:
    place, found = libraries(), includes()
    assert [path.name for path in SERVER.glob("*.cc") if path.stem not in place] == []
    upward = [(one, other) for one in found for other in found[one] if place.get(other, -1) > place.get(one, -1)]
    assert upward == []


def test_no_include_of_the_server_is_circular() -> None:
    TopologicalSorter(includes()).prepare()
