"""The temporary document root with the programs and their data.

    base/root/cgi-bin/…    wrapper scripts that set a program's environment and start it
    base/data/NAME/        repositories and configuration, made by the setup of the program

If root starts the server, scripts run as the user nobody, so the data then belongs to nobody.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cgi_conform.cases.docroot import Docroot, reachable_tmp, remove
from cgi_conform.programs.command import Command, run
from cgi_conform.programs.definition import PATH, Program
from cgi_conform.servers.account import script_account
from cgi_conform.servers.command_words import fill_words


@dataclass(frozen=True)
class Site:
    """The document root, and the messages of failed setups by program."""

    docroot: Docroot
    broken: dict[str, str] = field(default_factory=dict)

    def tokens(self, program: Program, port: int = 0) -> dict[str, str]:
        """Returns the values of the {tokens} of a program."""
        return {
            "program": program.path,
            "data": str(self._data(program)),
            "root": str(self.docroot.root),
            "base": str(self.docroot.base),
            "port": str(port),
        }

    def environment(self, program: Program, home: Path, port: int = 0) -> Mapping[str, str]:
        """Returns the environment of setups and checks. It holds nothing of the caller's environment."""
        return {
            "PATH": PATH,
            "HOME": str(home),
            "USER": "cgi-conform",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": "2020-01-02T03:04:05Z",
            "GIT_COMMITTER_DATE": "2020-01-02T03:04:05Z",
            "PROGRAM": program.path,
            "DATA": str(self._data(program)),
            "URL": f"http://127.0.0.1:{port}",
        }

    def _data(self, program: Program) -> Path:
        return self.docroot.base / "data" / program.name

    def make(self, program: Program, seconds: float) -> None:
        """Writes the files of the program and runs its setup."""
        for place, template in program.files.items():
            path = self.docroot.root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fill_words(template, self.tokens(program)), "utf-8")
            path.chmod(0o755 if place.startswith("cgi-bin/") else 0o644)
        data = self._data(program)
        data.mkdir(parents=True)
        if program.setup:
            done = run(Command(("sh", "-eu", "-c", program.setup), self.environment(program, data), data), seconds)
            if done.status != 0:
                self.broken[program.name] = f"its setup failed: {done.ending()}\n{done.said()}".strip()
        account = script_account()
        for folder, _, files in os.walk(data):
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                account.give(path)


@contextmanager
def made(programs: Sequence[Program], seconds: float) -> Iterator[Site]:
    """Yields a site with the installed programs and removes it at the end."""
    base = Path(tempfile.mkdtemp(prefix="cgi-conform-", dir=reachable_tmp())).resolve()
    before = os.umask(0o022)
    try:
        base.chmod(0o755)
        site = Site(Docroot(base))
        (base / "root" / "cgi-bin").mkdir(parents=True)
        (base / "root" / "hello.txt").write_text("hello static\n")
        for program in programs:
            if not program.missing:
                site.make(program, seconds)
        yield site
    finally:
        os.umask(before)
        remove(base)
