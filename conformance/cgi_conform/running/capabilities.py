"""What a run can do, and the reason a case is skipped when it cannot do what the case needs."""

import sys
from dataclasses import dataclass

from cgi_conform.cases.case import Case
from cgi_conform.cases.variants import AT_URL, VARIANTS, how_to_declare


@dataclass(frozen=True)
class Capabilities:
    """What holds of the server under test: whether we start it, as whom, and for which variants."""

    launch: bool
    user: str  # root | user | unknown
    variants: frozenset[str] = frozenset()
    takes_free_port: bool = False  # it is not told its port, but chooses one and writes it to {port_file}


def missing(case: Case, capabilities: Capabilities) -> str | None:
    """Returns why a case cannot be run, or None."""
    return next((reason for need in case.needs if (reason := _lacks(need, capabilities))), None)


def _lacks(need: str, capabilities: Capabilities) -> str | None:
    if need in capabilities.variants:
        return None
    if need in VARIANTS and (capabilities.launch or need in AT_URL):
        return f"needs {need} ({how_to_declare(need, at_url=not capabilities.launch)})"
    if need in ("root", "user") and capabilities.user == "unknown":
        who = "root" if need == "root" else "an ordinary user"
        return f"needs a server started by {who}: nobody knows who started the one at --url"
    if not capabilities.launch:
        who = "a server that cgi-conform starts (--server or --command)"
        return f"needs {who} for {need}" if need != "launch" else f"needs {who}"
    if need == "same-port" and capabilities.takes_free_port:
        return "needs same-port: the server is not told its port (write {port} into its command)"
    if need in ("root", "user") and need != capabilities.user:
        return "needs a server started by root" if need == "root" else "needs a server started by an ordinary user"
    if need == "host" and not sys.platform.startswith("linux"):
        return "needs host: a look into /proc of the server's processes"
    return None
