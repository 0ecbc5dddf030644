"""The pytest plugin of the installed package: `pytest --cgi-server NAME` tries the cases beside a project's own tests.

Without --cgi-server the plugin imports nothing and does nothing. With it, pytest_cases.py does the work.
"""

import signal

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options that name the server."""
    group = parser.getgroup("cgi-conform", "the conformance of a CGI server")
    group.addoption("--cgi-server", metavar="NAME", help="a known server, or a folder with a server.toml")
    group.addoption("--cgi-profile", metavar="PROFILE", help="cgihttpserver or rfc3875 (default: cgihttpserver, or the first one of a server without it)")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the plugin that collects and tries the cases, if a server is named."""
    if config.getoption("cgi_server") is None:
        if config.getoption("cgi_profile") is not None:
            raise pytest.UsageError("--cgi-profile needs --cgi-server NAME")
        return
    from cgi_conform.pytest_cases import Cases

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # a cancelled job must end the servers, too
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.pluginmanager.register(Cases(config), "cgi-conform cases")
