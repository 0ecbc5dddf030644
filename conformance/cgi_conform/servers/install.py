"""Installs known servers: root does it by apt-get, from the Debian packages that their definitions name.

install_packages.sh does the work. It prevents the packages from starting their services.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cgi_conform.errors import UserError
from cgi_conform.progress import show_progress
from cgi_conform.servers.definition import ServerDefinition, known_servers, load_server

EVERY = "all"
SCRIPT = Path(__file__).with_name("install_packages.sh")
_BY_ROOT = "apt-get install -y --no-install-recommends"


def install(names: Sequence[str]) -> Iterator[str]:
    """Installs servers and yields a line about each. The name "all" means each known server that apt has.

    UserError says which name is wrong, which server apt cannot bring, or what root must run.
    """
    every = EVERY in names
    servers = [server for server in known_servers() if server.packages] if every else [_of_apt(name) for name in dict.fromkeys(names)]
    _need_apt(servers)
    lacking = _all_packages(servers) - set(installed(_all_packages(servers)))
    refused: Mapping[str, str] = {}
    if lacking:
        refused = _refused([server for server in servers if lacking & set(server.packages)])
        if refused and (not every or len(refused) == len(servers)):
            name = min(refused)
            raise UserError(f'apt-get cannot install server "{name}": {refused[name]}')
        if wanted := sorted(lacking & _all_packages(server for server in servers if server.name not in refused)):
            _install(wanted)
    versions = installed(_all_packages(servers))
    for server in servers:
        if server.name in refused:
            yield f"{server.name}: cannot be installed: {refused[server.name]}"
        else:
            yield f"{server.name}: {_told(server, versions, lacking)}"


def installed(packages: Iterable[str]) -> dict[str, str]:
    """Returns the versions of those packages that are installed, according to dpkg."""
    form = "${db:Status-Status} ${Package} ${Version}\n"
    said = subprocess.run(["dpkg-query", "-W", "-f", form, *sorted(packages)], capture_output=True, text=True).stdout
    lines = [line.split() for line in said.splitlines()]
    return {words[1]: words[2] for words in lines if words[0] == "installed"}


def _of_apt(name: str) -> ServerDefinition:
    server = load_server(name)
    if not server.packages:
        raise UserError(f'server "{name}" cannot be installed by apt-get: its server.toml names no packages')
    return server


def _all_packages(servers: Iterable[ServerDefinition]) -> set[str]:
    return {package for server in servers for package in server.packages}


def _need_apt(servers: Sequence[ServerDefinition]) -> None:
    for program in ("apt-get", "dpkg-query"):
        if shutil.which(program) is None:
            packages = " ".join(sorted(_all_packages(servers)))
            raise UserError(f"there is no {program} here (install what these Debian packages contain: {packages})")


def _refused(servers: Sequence[ServerDefinition]) -> dict[str, str]:
    """Returns why apt-get cannot install a server, by name. The lists of apt may be old: root updates them first."""
    if not (refused := _simulated(servers)) or os.geteuid() != 0:
        return refused
    _run_script()
    return _simulated(servers)


def _simulated(servers: Sequence[ServerDefinition]) -> dict[str, str]:
    """Asks apt-get about all servers together, and about each of them only if that fails."""
    if not _refusal(_all_packages(servers)):
        return {}
    reasons = {server.name: _refusal(server.packages) for server in servers}
    return {name: reason for name, reason in reasons.items() if reason}


def _refusal(packages: Iterable[str]) -> str:
    """Returns why apt-get would not install the packages, or ""."""
    command = ["apt-get", "-s", "-qq", "install", "--no-install-recommends", *sorted(packages)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    return _reason(done.stdout + done.stderr) if done.returncode else ""


def _reason(said: str) -> str:
    """Returns the line in the output of apt-get that says what is wrong: the first error, or else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it printed nothing"]
    return next((line.removeprefix("E: ") for line in lines if line.startswith("E: ")), lines[-1])


def _install(packages: Sequence[str]) -> None:
    if os.geteuid() != 0:
        sudo = "sudo " if shutil.which("sudo") else ""
        raise UserError(f"only root can install packages: {sudo}apt-get update && {sudo}{_BY_ROOT} {shlex.join(packages)}")
    show_progress(f"installing {' '.join(packages)}")
    try:
        _run_script(*packages)
    finally:
        show_progress("")


def _run_script(*packages: str) -> None:
    done = subprocess.run(
        [str(SCRIPT), *packages], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise UserError(f"apt-get could not install {' '.join(packages)}: {_reason(done.stdout)}")


def _told(server: ServerDefinition, versions: Mapping[str, str], lacking: set[str]) -> str:
    """Returns what was installed. Raises UserError if the server is still not found."""
    if load_server(str(server.here)).program is None:
        raise UserError(f'server "{server.name}" is not found, although its packages are installed (looked for {server.sought})')
    parts = ", ".join(f"{package} {versions.get(package, '')}".strip() for package in server.packages)
    return f"installed {parts}" if lacking & set(server.packages) else f"is already installed ({parts})"
