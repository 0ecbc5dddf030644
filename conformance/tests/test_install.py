"""`cgi-conform servers --install`: names, packages and messages, with an apt-get and a dpkg-query made of shell."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from cgi_conform.cli import main
from cgi_conform.servers import definition
from cgi_conform.servers.install import SCRIPT

# A package is installed if there is a file of its name, and known to apt if it stands in the file "known". `update`
# appends what the mirror has.
DPKG_QUERY = """#!/bin/sh
shift 3
for package; do
  if [ -e "$HERE/installed/$package" ]; then echo "installed $package 1.0-1"; else echo "not-installed $package "; fi
done
"""
APT_GET = """#!/bin/sh
echo "$*" >>"$HERE/calls"
case " $* " in *" update "*) cat "$HERE/mirror" >>"$HERE/known"; exit ;; esac
simulated=
for word; do
  case $word in
    -s) simulated=yes ;;
    -* | install | DPkg::*) ;;
    *)
      grep -qx "$word" "$HERE/known" || { echo "Reading lists"; echo "E: Unable to locate package $word" >&2; exit 100; }
      [ -n "$simulated" ] || [ ! -e "$HERE/no-space" ] || { echo "E: No space left on device"; exit 100; }
      [ -n "$simulated" ] || cp "$HERE/root/usr/sbin/policy-rc.d" "$HERE/installed/$word"
      ;;
  esac
done
"""
SERVER = 'title = "x"\nprogram = ["{program}"]\n{packages}command = ["{{program}}", "{{port}}"]\nprofiles = ["rfc3875"]\n'


class Machine:
    """A machine whose apt-get, dpkg-query and sleep are of this test, with known servers of its own."""

    def __init__(self, here: Path) -> None:
        self.here = here
        for folder in ("bin", "installed", "root/usr/sbin", "servers"):
            (here / folder).mkdir(parents=True)
        for name, text in {"apt-get": APT_GET, "dpkg-query": DPKG_QUERY, "sleep": "#!/bin/sh\n"}.items():
            (here / "bin" / name).write_text(text)
            (here / "bin" / name).chmod(0o755)
        self.apt_has()

    def server(self, name: str, *packages: str, program: str = "sh") -> None:
        words = ", ".join(f'"{package}"' for package in packages)
        (self.here / "servers" / name).mkdir()
        text = SERVER.format(program=program, packages=f"packages = [{words}]\n" if packages else "")
        (self.here / "servers" / name / "server.toml").write_text(text)

    def apt_has(self, *known: str, mirror: Sequence[str] = ()) -> None:
        (self.here / "known").write_text("".join(f"{package}\n" for package in known))
        (self.here / "mirror").write_text("".join(f"{package}\n" for package in mirror))

    def calls(self) -> list[str]:
        """Returns the calls of apt-get that change the machine."""
        file = self.here / "calls"
        return [line for line in file.read_text().splitlines() if "-s" not in line.split()] if file.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(definition, "SERVERS", tmp_path / "servers")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setenv("DPKG_ROOT", str(tmp_path / "root"))
    return Machine(tmp_path)


def install(*names: str) -> int:
    return main(["servers", "--install", *names])


def test_root_installs_the_packages_that_are_missing(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.server("front", "frontd", "gateway")
    machine.server("small", "smalld")
    machine.apt_has("frontd", "gateway", "smalld")
    (machine.here / "installed" / "gateway").touch()
    assert install("front", "small") == 0
    assert capsys.readouterr().out == "front: installed frontd 1.0-1, gateway 1.0-1\nsmall: installed smalld 1.0-1\n"
    assert [call.partition(" -o ")[2] for call in machine.calls()] == [
        "DPkg::Lock::Timeout=300 update",
        "DPkg::Lock::Timeout=300 install --no-install-recommends frontd smalld",
    ]
    assert install("small") == 0
    assert capsys.readouterr().out == "small: is already installed (smalld 1.0-1)\n"
    assert len(machine.calls()) == 2


def test_no_package_may_start_a_service_and_the_prohibition_goes_afterwards(machine: Machine) -> None:
    machine.server("small", "smalld")
    machine.apt_has("smalld")
    policy = machine.here / "root" / "usr" / "sbin" / "policy-rc.d"
    assert install("small") == 0
    during = machine.here / "installed" / "smalld"
    assert os.access(during, os.X_OK) and subprocess.run([during]).returncode == 101
    assert not policy.exists()


def test_the_prohibition_that_a_machine_has_stays(machine: Machine) -> None:
    machine.server("small", "smalld")
    machine.apt_has("smalld")
    policy = machine.here / "root" / "usr" / "sbin" / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    assert install("small") == 0
    assert policy.read_text() == (machine.here / "installed" / "smalld").read_text() == "#!/bin/sh\nexit 0\n"


def test_all_installs_each_server_that_apt_has(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.server("new", "newd")
    machine.server("none")
    machine.server("small", "smalld")
    machine.apt_has("smalld")
    assert install("all") == 0
    said = capsys.readouterr().out
    assert said == "new: cannot be installed: Unable to locate package newd\nsmall: installed smalld 1.0-1\n"


def test_old_lists_of_packages_are_updated(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.server("new", "newd")
    machine.apt_has(mirror=["newd"])
    assert install("new") == 0
    assert capsys.readouterr().out == "new: installed newd 1.0-1\n"


def test_an_ordinary_user_gets_the_line_for_root(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.server("small", "smalld")
    machine.apt_has("smalld")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert install("small") == 2
    said = capsys.readouterr()
    line = "apt-get update && apt-get install -y --no-install-recommends smalld"
    assert said.err.replace("sudo ", "") == f"cgi-conform: only root can install packages: {line}\n"
    assert (said.out, machine.calls()) == ("", [])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["smallx"], 'no server "smallx" (did you mean "small"?)'),
        (["none"], 'server "none" cannot be installed by apt-get: its server.toml names no packages'),
        (["small", "new"], 'apt-get cannot install server "new": Unable to locate package newd'),
        (["lost"], 'server "lost" is not found, although its packages are installed (looked for /no/lostd)'),
        (["full"], "apt-get could not install fulld: No space left on device"),
    ],
)
def test_a_server_that_cannot_be_installed_is_one_line(
    machine: Machine, capsys: pytest.CaptureFixture[str], names: list[str], message: str
) -> None:
    machine.server("small", "smalld")
    machine.server("none")
    machine.server("new", "newd")
    machine.server("lost", "lostd", program="/no/lostd")
    machine.server("full", "fulld")
    machine.apt_has("smalld", "lostd", "fulld")
    if names == ["full"]:
        (machine.here / "no-space").touch()
    assert install(*names) == 2
    assert capsys.readouterr().err == f"cgi-conform: {message}\n"


def test_without_apt_the_packages_are_named(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.server("small", "smalld")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert install("small") == 2
    said = capsys.readouterr().err
    assert said == "cgi-conform: there is no apt-get here (install what these Debian packages contain: smalld)\n"


def test_the_script_can_be_executed() -> None:
    assert os.access(SCRIPT, os.X_OK)
