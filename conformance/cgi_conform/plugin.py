"""The pytest plugin of the installed package: `pytest --cgi-server NAME` tries the cases beside the tests of a project.

Without --cgi-server it imports nothing and does nothing. pytest_cases.py holds what it does with it.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options that name the server."""
    group = parser.getgroup("cgi-conform", "the conformance of a CGI server")
    group.addoption("--cgi-server", metavar="NAME", help="a known server, or a folder with a server.toml")
    group.addoption("--cgi-profile", metavar="PROFILE", help="cgihttpserver (default) or rfc3875")


def pytest_configure(config: pytest.Config) -> None:
    """Registers what collects and tries the cases, if a server is named."""
    if config.getoption("cgi_server") is None:
        if config.getoption("cgi_profile") is not None:
            raise pytest.UsageError("--cgi-profile goes with --cgi-server NAME")
        return
    from cgi_conform.pytest_cases import Cases

    config.pluginmanager.register(Cases(config), "cgi-conform cases")
