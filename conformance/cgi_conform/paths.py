"""Finds the data of the suite, in a checkout and in an installed package, from any current directory.

CGI_CONFORM_FIXTURES names another corpus (cases/, docroot/, clauses.toml), and CGI_CONFORM_BUILD names a build tree.
The schemas and the server definitions are always those of this package.
"""

import os
from importlib.resources import files
from pathlib import Path

DATA = Path(str(files("cgi_conform") / "data")).resolve()
_FIXTURES = (DATA / "fixtures").resolve()
SCHEMAS = _FIXTURES / "schema"
SERVERS = (DATA / "servers").resolve()
PROGRAMS = (DATA / "programs").resolve()
FAULTY = (DATA / "faulty").resolve()
# The checkout whose folders data/ links to; None in an installed package, whose data/ holds the files.
REPO = _FIXTURES.parent if (DATA / "fixtures").is_symlink() else None


def fixtures() -> Path:
    """Returns the folder that holds cases/, docroot/, docroot.toml and clauses.toml."""
    return Path(os.environ.get("CGI_CONFORM_FIXTURES") or _FIXTURES).absolute()


def own_corpus() -> bool:
    """Returns whether the corpus is the one of this package, and not another that CGI_CONFORM_FIXTURES names."""
    return fixtures() == _FIXTURES


def build() -> Path | None:
    """Returns the build tree that {build} in a server definition stands for; an installed package has none of its own."""
    named = os.environ.get("CGI_CONFORM_BUILD") or (REPO / "build" if REPO else None)
    return Path(named).absolute() if named else None


def shown(path: Path) -> str:
    """Returns a file as messages and reports name it: fixtures/cases/post.toml below a checkout, else cases/post.toml."""
    for folder in [REPO] if REPO else [_FIXTURES, DATA]:
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()
