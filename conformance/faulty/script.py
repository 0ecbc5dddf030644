"""Runs a script: passes it the body, passes on its output, and watches its time."""

from __future__ import annotations

import math
import os
import select
import threading
import time
from typing import Protocol

from . import answer, log, variables
from .client import Client, Gone, Late
from .document import Document
from .head import Request
from .process import Process
from .raw_output import DelimitedOutput, Nph, RawOutput
from .request_body import Body
from .route import LocalRedirect, Script
from .settings import Settings, Site

PIECE = 65536
PATIENCE = 5.0  # seconds that a silent script may run after a half-close: the client may be gone


class Output(Protocol):
    """Receives the output of a script."""

    @property
    def broken(self) -> bool: ...

    def feed(self, output: bytes) -> None: ...

    def finish(self, complete: bool) -> LocalRedirect | None: ...


# rule: seed/unrunnable-script-is-403, base/script-exit-goes-to-the-log, cgi/script-runs-in-its-directory
# rule: environment/too-large-request-is-refused
# rule: base/script-runs-in-server-directory, process/working-directory-is-readable, process/killed-script-does-no-harm
# rule: log/exit-names-the-script, log/nothing-but-the-request
def serve(client: Client, request: Request, target: Script, body: Body, site: Site) -> LocalRedirect | None:
    """Runs the script and sends its output. Returns a local redirect if the script asks for one."""
    arguments = variables.arguments(request, target, site.settings.rfc)
    environment = variables.environment(client, request, target, body.length, site, os.environb)
    directory = target.directory if site.settings.rfc else None
    try:
        process = Process(target.file, arguments, environment, directory, site)
    except OSError as error:
        log.message(client, f"CGI script cannot be executed: {error.strerror}")
        answer.refuse(client, request, site, 403, f"CGI script is not executable ({os.fsdecode(target.name)!r})")
        return None
    threading.Thread(target=log.script_lines, args=(client, target.name, process.errors), daemon=True).start()
    try:
        output = _output(client, request, target, site)
        complete = Pump(client, process, body, output, site.settings).run()
    finally:
        process.end()
    if process.code:
        log.message(client, f"CGI script exit code {process.code}: {os.fsdecode(target.name)!r}")
    return output.finish(complete)


# rule: base/nph-name-changes-nothing
def _output(client: Client, request: Request, target: Script, site: Site) -> Output:
    if site.settings.rfc:
        if os.path.basename(target.name).startswith(b"nph-"):
            return Nph(client, request)
        return Document(client, request, site, target.name)
    if site.settings.http11 and request.version >= (1, 1):
        return DelimitedOutput(client, request, site)
    return RawOutput(client, request, site)


# rule: process/response-ends-with-script, base/stdin-ends-after-body, cgi/stdin-has-the-whole-body
# rule: cgi/script-need-not-read-body, process/script-ends-with-client, http/half-closed-client-is-answered
# rule: cgi/stdin-may-end-after-body, cgi/output-is-read-to-its-end, cgi/script-may-start-before-body
# rule: cgi/script-may-end-with-client, resource/no-deadlock-by-early-output, resource/unread-input-blocks-nothing
# rule: resource/script-time-is-limited, resource/endless-output-is-bounded, resource/slow-body-is-limited
class Pump:
    """Passes bytes between the client and the script, in both directions at once."""

    def __init__(self, client: Client, process: Process, body: Body, output: Output, settings: Settings) -> None:
        self._client, self._process, self._body, self._output = client, process, body, output
        self._unwritten = b""  # bytes of the body that are not in the pipe yet
        self._half_closed = False
        self._client_speaks = False
        self._last_sign = time.monotonic()  # of life: output, or a half-close of the client
        self._deadline = time.monotonic() + settings.script_timeout
        self._stall = settings.header_timeout
        self._body_deadline = math.inf  # for the next bytes of the body, while the script can take more

    def run(self) -> bool:
        """Returns True when the script has ended, or False when its time is up.

        Raises Gone if the client is gone, and Late if it stops in the middle of the body.
        """
        while True:
            self._feed_script()
            ready = self._wait()
            if self._process.stdout in ready:
                self._read_output()
            elif self._process.exited in ready:
                return True  # even if a child in the background keeps the output open
            if self._output.broken:
                return True
            if time.monotonic() >= self._deadline:
                return False
            if time.monotonic() >= self._body_deadline:
                raise Late
            self._watch_client(ready.get(self._client.fileno(), 0))

    def _wait(self) -> dict[int, int]:
        poll = select.poll()
        poll.register(self._process.exited, select.POLLIN)
        if self._process.stdout >= 0:
            poll.register(self._process.stdout, select.POLLIN)
        if self._unwritten:
            poll.register(self._process.stdin, select.POLLOUT)
        hungry = self._is_hungry()
        of_client = 0 if self._half_closed else select.POLLRDHUP
        poll.register(self._client.fileno(), of_client | select.POLLIN if hungry else of_client)
        until = min(self._deadline, self._body_deadline)
        if self._half_closed:
            until = min(until, self._last_sign + PATIENCE)
        seconds = 0.0 if hungry and self._body.ready else max(0.0, until - time.monotonic())
        return dict(poll.poll(seconds * 1000 + 1))

    def _is_hungry(self) -> bool:
        """Returns whether the script can take more of the body."""
        return self._process.stdin >= 0 and not self._unwritten

    def _read_output(self) -> None:
        output = os.read(self._process.stdout, PIECE)
        self._last_sign = time.monotonic()
        if output:
            self._output.feed(output)
        else:
            self._process.close_stdout()

    def _feed_script(self) -> None:
        if self._is_hungry() and self._body.left and (self._body.ready or self._client_speaks):
            self._unwritten = self._body.take(PIECE)
            self._body_deadline = math.inf
        if self._unwritten:
            self._write_input()
        if self._is_hungry() and (not self._body.left or self._body.cut):
            self._process.close_stdin()
        awaits_client = self._is_hungry() and self._body.left > 0
        self._body_deadline = min(self._body_deadline, time.monotonic() + self._stall) if awaits_client else math.inf

    def _write_input(self) -> None:
        try:
            written = os.write(self._process.stdin, self._unwritten)
            self._unwritten = self._unwritten[written:]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # the script reads no more
            self._unwritten = b""
            self._process.close_stdin()

    def _watch_client(self, events: int) -> None:
        self._client_speaks = bool(events & select.POLLIN)
        if events & (select.POLLERR | select.POLLHUP):
            raise Gone
        if events & select.POLLRDHUP:
            self._half_closed = True
            self._last_sign = time.monotonic()
        if self._half_closed and time.monotonic() >= self._last_sign + PATIENCE:
            raise Gone
