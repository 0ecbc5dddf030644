"""The wheel and the sdist: the tests build the sdist from a copy of the checkout and the wheel from the sdist, install
the wheel elsewhere and use it, without network.

The interpreter of the installed package refuses to import test tools, because no command may need them.
"""

import importlib.util
import json
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

import cgi_conform
from cgi_conform.cases.docroot import remove
from cgi_conform.paths import REPO

BUILT_WITH = ("pip", "setuptools", "wheel", "venv")
IMPORTED = ("fastjsonschema", "jinja2", "jsonschema", "markdown_it")  # the only packages that the suite needs
REFUSED = ("_pytest", "h11", "hypothesis", "mypy", "pip", "pytest", "setuptools", "wheel", "xdist", "yaml")
GUARD = f"""
import os, sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {REFUSED}:
            raise ModuleNotFoundError(f"{{name}} is refused here", name=name)
if "UNGUARDED" not in os.environ:
    sys.meta_path.insert(0, Guard())
"""
pytestmark = [
    pytest.mark.xdist_group("wheel"),  # one worker: the fixture takes seconds
    *(
        pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"Python module {name} is not installed")
        for name in BUILT_WITH
    ),
]


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the package, and an empty folder that commands run in."""

    venv: Path
    package: Path
    empty: Path

    def run(self, line: str, user: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command line in the empty folder, as `user` if one is named."""
        return subprocess.run(
            shlex.split(line),
            cwd=self.empty,
            env={"PATH": f"{self.venv}/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            **({"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}),  # type: ignore[call-overload]
        )

    def server(self, arguments: str = "") -> str:
        """Returns the option --command with a server of the package itself."""
        return f"--command '{self.venv}/bin/python -P -m cgi_conform.data.faulty {arguments} {{port}} -d {{root}} --cgi'"


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    """Yields the installed package. All its files are read-only."""
    base = Path(tempfile.mkdtemp(prefix="cgi-conform-wheel-"))
    try:
        base.chmod(0o755)
        package = _install(_wheel(base), base / "venv")
        _writable(base / "venv", False)
        (base / "empty").mkdir()
        (base / "empty").chmod(0o777)
        yield Installed(base / "venv", package, base / "empty")
    finally:
        remove(base)


def _pip(*words: str) -> None:
    """Runs pip without settings of the user and without the network."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    done = subprocess.run([sys.executable, "-I", "-m", "pip", *words], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _wheel(base: Path) -> Path:
    """Builds the sdist from a copy of the checkout, because setuptools writes into the source folder, and then the wheel."""
    assert REPO is not None
    for name in ("conformance", "fixtures"):
        shutil.copytree(REPO / name, base / "copy" / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "build"))
    shutil.copy(REPO / "LICENSE", base / "copy")
    _writable(base / "copy", True)  # the checkout may be read-only
    make_sdist = "import setuptools.build_meta as backend, sys; backend.build_sdist(sys.argv[1])"
    command = [sys.executable, "-I", "-c", make_sdist, str(base)]
    subprocess.run(command, cwd=base / "copy/conformance", check=True, capture_output=True)
    shutil.rmtree(base / "copy")
    [sdist] = base.glob("*.tar.gz")
    _pip("wheel", "--no-index", "--no-build-isolation", "--no-deps", "--no-cache-dir", "-w", str(base), str(sdist))
    [wheel] = base.glob("*.whl")
    return wheel


def _install(wheel: Path, venv: Path) -> Path:
    """Installs the wheel and returns the folder of the package. Packages that it needs come from the tests' interpreter."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(venv)], check=True)
    _pip("--python", str(venv / "bin/python"), "install", "--no-index", "--no-deps", str(wheel))
    [packages] = venv.glob("lib/python3*/site-packages")
    found = [importlib.util.find_spec(name) for name in IMPORTED]
    folders = {str(Path(spec.origin).parents[1]) for spec in found if spec and spec.origin}
    (packages / "guard.py").write_text(GUARD)
    (packages / "guard.pth").write_text("\n".join(["import guard", *sorted(folders)]) + "\n")
    return packages / "cgi_conform"


def _writable(top: Path, writable: bool) -> None:
    for folder, _, names in os.walk(top):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o200 if writable else mode & ~0o222)


def _files(top: Path) -> dict[str, tuple[bytes, bool]]:
    """Returns the octets of each file below a folder and whether it is executable. Follows links to folders."""
    found: dict[str, tuple[bytes, bool]] = {}
    for folder, names, files in os.walk(top, followlinks=True):
        names[:] = [name for name in names if name != "__pycache__"]
        for path in (Path(folder, name) for name in files):
            # setuptools copies what an entry of data/ leads to.
            is_copied = path.parent.name == "data"
            assert is_copied or not path.is_symlink(), f"{path}: a wheel cannot hold a link (fixtures/docroot.toml can make one)"
            found[path.relative_to(top).as_posix()] = path.read_bytes(), os.access(path, os.X_OK)
    return found


@pytest.mark.long
def test_the_installed_files_are_those_of_the_checkout(installed: Installed) -> None:
    ours, theirs = _files(Path(cgi_conform.__file__).parent), _files(installed.package)
    assert [name for name in ours if name not in theirs] == []
    assert [name for name in theirs if name not in ours] == []
    assert [name for name, what in ours.items() if what != theirs[name]] == []
    assert {name.split("/")[1] for name in ours if name.startswith("data/")} == {
        "CHANGELOG.md", "__init__.py", "faulty", "fixtures", "programs", "servers",
    }  # fmt: skip


@pytest.mark.long
def test_the_version_is_that_of_the_installed_package(installed: Installed) -> None:
    assert installed.run("cgi-conform --version").stdout == f"cgi-conform {cgi_conform.__version__}\n"
    assert installed.package.with_name(f"cgi_conform-{cgi_conform.__version__}.dist-info").is_dir()


@pytest.mark.long
def test_a_run_ends_green_or_red_and_writes_its_reports(installed: Installed) -> None:
    green = installed.run(f"cgi-conform run 'post/*' {installed.server()} --report report")
    assert (green.returncode, green.stderr) == (0, "")
    report = installed.empty / "report"
    assert {path.name for path in report.iterdir()} == {"badge.json", "index.html", "junit.xml", "results.json", "summary.md"}
    assert {case.get("file") for case in ElementTree.parse(report / "junit.xml").iter("testcase")} == {"cases/post.toml"}
    assert json.loads((report / "results.json").read_text())["totals"]["pass"] > 10
    broken = installed.server("--fault post-outside-cgi-allowed")
    red = installed.run(f"cgi-conform run post/plain-file {broken}", GITHUB_ACTIONS="true")
    assert (red.returncode, red.stderr) == (1, "")
    assert re.search(r"^FAIL +post/plain-file ", red.stdout, re.MULTILINE)
    assert "\n::error title=post/plain-file (fail)::" in red.stdout  # no file=: the user's repository does not have it


COMMANDS = {
    "list": ("list post", 0, r"^post/plain-file "),
    "show": ("show post/plain-file", 0, r"^post/plain-file  cases/post\.toml:\d+$"),
    "clause": ("show seed/post-outside-cgi-is-501", 0, r"  faulty/faults/post\.toml:\d+\n(.*\n)+\nmarked code: only in a checkout$"),
    "servers": ("servers", 0, r"^faulty +test instrument "),
    "no-server": ("run post --server cgi-server", 3, r'^cgi-conform: server "cgi-server" is not installed \(looked for cgi-server on PATH\)$'),
    "init-server": ("init-server {here}", 0, r"^      \S*cgi-conform run --server"),
    "fixtures": ("fixtures {here}", 0, r"start a server there, then: cgi-conform run --url"),
    "run": ("run head/script-runs --server faulty --profile rfc3875 --report {here}", 0, r"^conforms"),
    "merge": ("merge none.json", 2, r'^cgi-conform: cannot read "none\.json": No such file or directory'),
    "replay": ("replay post/plain-file --server faulty", 0, r"^post/plain-file \(required\): as expected$"),
    "diff": ("diff faulty faulty post/plain-file --report {here}", 0, r"^1 case compared"),
    "compare-site": ("compare-site . --server faulty --server faulty", 0, r"^\d+ requests: \d+ get the same answer, 0 another"),
    "matrix": ("matrix post/plain-file --server faulty --report {here}", 0, r"^faulty +cgihttpserver .* conforms$"),
    "bisect": ("bisect --server faulty --until static", 0, r"^static +\d+ cases  reached"),
    "prove": ("prove post/plain-file --report {here}", 0, r"^all of it is proven$"),
    "coverage": ("coverage", 0, r"no orphans\n(.*\n)*cgi-conform: marks .* only in a checkout$"),
    "programs": ("programs python-form/get --server faulty", 0, r"^python-form/get +pass"),
    "record": ("record --server cpython-3.12", 2, r"^cgi-conform: recordings are written into a checkout, .*\n$"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_works_without_a_checkout(installed: Installed, name: str) -> None:
    """Runs each command as a user who cannot write into the package."""
    words, status, said = COMMANDS[name]
    if name == "programs" and shutil.which("curl") is None:
        pytest.skip("package curl is not installed")
    done = installed.run(f"cgi-conform {words.format(here=name)}", "nobody" if os.geteuid() == 0 else None)
    assert done.returncode == status, done.stdout + done.stderr
    assert re.search(said, done.stdout + done.stderr, re.MULTILINE), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_wheel_tests_run_every_command_but_serve() -> None:
    from cgi_conform.cli import COMMANDS as known

    assert {words.split()[0] for words, _, _ in COMMANDS.values()} == {*known} - {"serve"}


@pytest.mark.long
def test_pytest_finds_the_plugin_of_the_package(installed: Installed) -> None:
    words = "python -m pytest -p no:cacheprovider --cgi-server faulty -k post/plain-file --junitxml plugin.xml"
    done = installed.run(words, UNGUARDED="yes", PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    [case] = ElementTree.parse(installed.empty / "plugin.xml").iter("testcase")
    assert "post/plain-file" in str(case.get("name"))
