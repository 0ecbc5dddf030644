"""The process of a script: whose it is, what it inherits, how it is ended, and that it is waited for."""

from __future__ import annotations

import os
import pwd
import select
import signal
import subprocess
import time

from .settings import Settings, Site

GRACE = 1.0  # seconds between the signal that asks and the one that does not


class Process:
    """A running script.  `exited` is readable once it has ended; it is waited for in end()."""

    code: int  # the exit status, or minus the number of the signal that ended it; known after end()

    # rule: process/no-file-of-the-server, process/default-signals-and-own-group, process/umask-is-sane
    # rule: argument/no-shell-is-started, disclosure/no-shell-for-unrunnable-file
    def __init__(
        self, file: bytes, arguments: list[bytes], environment: dict[bytes, bytes], directory: bytes | None, site: Site
    ) -> None:
        """Starts the script; raises OSError if the system cannot execute it.  No shell is ever asked."""
        user, group, groups = _identity(site.settings)
        self._site = site
        self._child = subprocess.Popen(
            [file, *arguments],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=directory,
            user=user,
            group=group,
            extra_groups=groups,
            umask=0o022,
            process_group=0,
            close_fds=True,
            restore_signals=True,
        )
        assert self._child.stdin and self._child.stdout
        self.exited = os.pidfd_open(self._child.pid)
        self.stdin: int = self._child.stdin.fileno()
        self.stdout: int = self._child.stdout.fileno()
        os.set_blocking(self.stdin, False)
        os.set_blocking(self.stdout, False)
        with site.lock:
            site.running.add(self._child.pid)

    def close_stdin(self) -> None:
        """The end of the script's input."""
        self.stdin = -1
        if self._child.stdin:
            self._child.stdin.close()

    def close_stdout(self) -> None:
        self.stdout = -1
        if self._child.stdout:
            self._child.stdout.close()

    # rule: process/ended-scripts-leave-no-zombies, process/script-ends-with-client
    def end(self) -> None:
        """Ends the script and its children if it still runs: asks first, then does not ask.  Waits for it."""
        if not self._ends_within(0):
            _signal(self._child.pid, signal.SIGTERM)
            self._ends_within(GRACE)
            _signal(self._child.pid, signal.SIGKILL)
        self.close_stdin()
        self.close_stdout()
        with self._site.lock:
            self._site.running.discard(self._child.pid)  # before it is waited for: its number is then another's
        self.code = self._child.wait()
        os.close(self.exited)

    def _ends_within(self, seconds: float) -> bool:
        return bool(select.select([self.exited], [], [], seconds)[0])


# rule: resource/stop-leaves-no-script
def end_all(site: Site) -> None:
    """Ends all scripts: the server is about to end itself."""
    with site.lock:
        left = set(site.running)
    for asked in left:
        _signal(asked, signal.SIGTERM)
    until = time.monotonic() + GRACE
    while site.running and time.monotonic() < until:
        time.sleep(0.01)
    with site.lock:
        for group in site.running:
            _signal(group, signal.SIGKILL)


# rule: seed/scripts-run-as-nobody, process/user-ids-are-nobodys, process/group-ids-are-nobodys
def _identity(settings: Settings) -> tuple[int | None, int | None, list[int] | None]:
    """User, group and further groups of scripts: another user's where the server may change them."""
    if os.geteuid() != 0:
        return None, None, None
    user = pwd.getpwnam(settings.user)
    return user.pw_uid, user.pw_gid, []


def _signal(group: int, number: signal.Signals) -> None:
    """To a script and its children, and to the script alone where it has left their group."""
    for send in (os.killpg, os.kill):
        try:
            send(group, number)
        except (ProcessLookupError, PermissionError):
            pass  # gone already
