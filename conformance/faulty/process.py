"""Runs the process of a script: sets its user, limits what it inherits, ends it and waits for it."""

from __future__ import annotations

import os
import pwd
import select
import signal
import subprocess
import time

from .settings import Settings, Site

GRACE = 1.0  # seconds between SIGTERM and SIGKILL


class Process:
    """A running script. `exited` is readable when the script has ended. end() waits for it."""

    code: int  # the exit status, or minus the number of the signal that ended it; set by end()

    # rule: process/no-file-of-the-server, process/default-signals-and-own-group, process/umask-is-sane
    # rule: process/session-without-terminal
    # rule: argument/no-shell-is-started, disclosure/no-shell-for-unrunnable-file
    # rule: base/default-signals-and-three-files, process/no-connection-of-another-client
    # rule: resource/no-deadlock-by-stderr, cgi/script-is-executed-as-program, environment/fields-reach-no-shell
    # rule: argument/script-name-is-literal, argument/first-word-is-the-script
    # rule: argument/windows-batch-files, windows/argument-survives-quoting, windows/pipes-are-binary
    def __init__(
        self, file: bytes, arguments: list[bytes], environment: dict[bytes, bytes], directory: bytes | None, site: Site
    ) -> None:
        """Starts the script, never through a shell. Raises OSError if the system cannot execute it."""
        user, group, groups = _identity(site.settings)
        self._site = site
        self._child = subprocess.Popen(
            [file, *arguments],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=directory,
            user=user,
            group=group,
            extra_groups=groups,
            umask=0o022,
            start_new_session=True,
            close_fds=True,
            restore_signals=True,
        )
        assert self._child.stdin and self._child.stdout and self._child.stderr
        self.exited = os.pidfd_open(self._child.pid)
        self.stdin: int = self._child.stdin.fileno()
        self.stdout: int = self._child.stdout.fileno()
        self.errors = open(os.dup(self._child.stderr.fileno()), "rb")  # log.script_lines() closes it
        self._child.stderr.close()
        os.set_blocking(self.stdin, False)
        os.set_blocking(self.stdout, False)
        with site.lock:
            site.running.add(self._child.pid)

    def close_stdin(self) -> None:
        """Ends the input of the script."""
        self.stdin = -1
        if self._child.stdin:
            self._child.stdin.close()

    def close_stdout(self) -> None:
        self.stdout = -1
        if self._child.stdout:
            self._child.stdout.close()

    # rule: process/ended-scripts-leave-no-zombies, process/script-ends-with-client
    def end(self) -> None:
        """Ends the script and its children if it still runs: by SIGTERM, then by SIGKILL. Waits for it."""
        if not self._ends_within(0):
            _signal(self._child.pid, signal.SIGTERM)
            self._ends_within(GRACE)
            _signal(self._child.pid, signal.SIGKILL)
        self.close_stdin()
        self.close_stdout()
        with self._site.lock:
            self._site.running.discard(self._child.pid)  # before wait(): afterwards another process may get its number
        self.code = self._child.wait()
        os.close(self.exited)

    def _ends_within(self, seconds: float) -> bool:
        return bool(select.select([self.exited], [], [], seconds)[0])


# rule: resource/stop-leaves-no-script
def end_all(site: Site) -> None:
    """Ends all scripts, because the server ends."""
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
# rule: seed/nobody-keeps-no-privilege, process/capabilities-are-dropped, cgi/script-cannot-interfere-with-server
# rule: cgi/script-data-is-private
def _identity(settings: Settings) -> tuple[int | None, int | None, list[int] | None]:
    """Returns the user, group and further groups of scripts. Only root may change them."""
    if os.geteuid() != 0:
        return None, None, None
    user = pwd.getpwnam(settings.user)
    return user.pw_uid, user.pw_gid, []


def _signal(group: int, number: signal.Signals) -> None:
    """Sends a signal to a script and its children, and to the script alone in case it has left their group."""
    for send in (os.killpg, os.kill):
        try:
            send(group, number)
        except (ProcessLookupError, PermissionError):
            pass  # it has already ended
