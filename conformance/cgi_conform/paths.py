"""Where the data of the suite lies, whatever the current directory is.

CGI_CONFORM_FIXTURES names another corpus (cases/, docroot/, clauses.toml), CGI_CONFORM_BUILD another
build tree; the schemas and the server definitions always come from this checkout.
"""

import os
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SCHEMAS = REPO / "fixtures" / "schema"
SERVERS = REPO / "conformance" / "servers"


def fixtures() -> Path:
    """The folder that holds cases/, docroot/, docroot.toml and clauses.toml."""
    return Path(os.environ.get("CGI_CONFORM_FIXTURES") or REPO / "fixtures").absolute()


def build() -> Path:
    """The build tree that {build} in a server definition stands for."""
    return Path(os.environ.get("CGI_CONFORM_BUILD") or REPO / "build").absolute()
