"""Compares the needs of a case with the capabilities of a run, and words the reason why a case is skipped."""

import sys
from dataclasses import dataclass

from cgi_conform.cases.case import SYSTEM, Case
from cgi_conform.cases.variants import AT_URL, VARIANTS, how_to_declare


@dataclass(frozen=True)
class Capabilities:
    """The capabilities of a run: whether the suite starts the server, as which user, and with which variants."""

    launch: bool
    user: str  # root | user | unknown
    variants: frozenset[str] = frozenset()
    takes_free_port: bool = False  # the server chooses its port and writes it to {port_file}
    lacks: frozenset[str] = frozenset()  # what the system of the server lacks


def missing(case: Case, capabilities: Capabilities) -> str | None:
    """Returns the reason why a run must skip a case, or None."""
    if case.unsuitable:
        return case.unsuitable
    return next((reason for need in case.needs if (reason := _lacks(need, capabilities))), None)


def _lacks(need: str, capabilities: Capabilities) -> str | None:
    if need in capabilities.lacks:
        return f"needs {need} ({SYSTEM[need]}), which the system of the server lacks"
    if need in SYSTEM:
        return None
    if need in capabilities.variants or need == "script-directories":
        return None
    if need in VARIANTS and (capabilities.launch or need in AT_URL):
        return f"needs {need} ({how_to_declare(need, at_url=not capabilities.launch)})"
    if need in ("root", "user") and capabilities.user == "unknown":
        who = "root" if need == "root" else "an ordinary user"
        return f"needs a server started by {who}: cgi-conform does not know who started the one at --url"
    if not capabilities.launch:
        who = "a server that cgi-conform starts (--server or --command)"
        return f"needs {who} for {need}" if need != "launch" else f"needs {who}"
    if need == "same-port" and capabilities.takes_free_port:
        return "needs same-port: the server chooses its port itself (write {port} into its command)"
    if need in ("root", "user") and need != capabilities.user:
        return "needs a server started by root" if need == "root" else "needs a server started by an ordinary user"
    if need == "host" and not sys.platform.startswith("linux"):
        return "needs host: a look into /proc of the server's processes"
    return None
