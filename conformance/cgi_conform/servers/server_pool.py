"""The servers of one worker: one per variant and environment, started when first needed, kept to the end.

A server that did not start is not started again: `failures` holds its message, and those of other workers.
"""

import time
from contextlib import ExitStack
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.docroot import Docroot, temporary
from cgi_conform.errors import SERVER, UserError
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.launch import START_TIMEOUT, Instance, Starter, start, started

Key = tuple[str, tuple[tuple[str, bytes], ...], int]
PLAIN: Key = ("", (), 0)


def server_key(case: Case) -> Key:
    """Returns what the server of a case is started with: cases with the same key share one."""
    return case.variant, tuple(sorted(case.environment.items())), case.descriptor or 0


class ServerPool:
    """Starts servers of one definition over one document root, and ends them all."""

    def __init__(
        self,
        server: ServerDefinition,
        fixtures: Path,
        starter: Starter = started,
        docroot: Docroot | None = None,
        start_timeout: float = START_TIMEOUT,
        failures: dict[Key, str] | None = None,
    ) -> None:
        self._server = server
        self._fixtures = fixtures
        self._starter = starter
        self._stack = ExitStack()
        self._docroot = docroot
        self._instances: dict[Key, Instance] = {}
        self._start_timeout = start_timeout
        self._failures = {} if failures is None else failures

    @property
    def docroot(self) -> Docroot:
        if self._docroot is None:
            self._docroot = self._stack.enter_context(temporary(self._fixtures))
        return self._docroot

    def instance(self, case: Case) -> Instance:
        """Returns the server for a case. A dead server is started again; one that never started or daemonised is not."""
        key = server_key(case)
        if key in self._failures:
            raise UserError(self._failures[key], SERVER)
        found = self._instances.get(key)
        try:
            if found is not None and (ending := found.died()) is not None:
                left = found.is_in_background()
                self.retire(found)
                if left:
                    raise UserError(f'server "{found.name}" cannot be judged: {ending}', SERVER)
                found = None
            if found is None:
                found = self._instances[key] = self._start(case)
        except UserError as error:
            self._failures[key] = error.message
            raise
        found.last_case = case.id
        return found

    def _start(self, case: Case) -> Instance:
        return start(
            self._server, self.docroot, case.variant, case.environment, self._starter, case.descriptor,
            timeout=self._start_timeout,
        )  # fmt: skip

    def retire(self, instance: Instance) -> None:
        """Stop a server; the next case that would have it gets another."""
        instance.stop()
        self._instances = {key: one for key, one in self._instances.items() if one is not instance}

    def one_ends(self, within: float) -> bool:
        """Returns whether a server ends, or has ended, in that time."""
        deadline = time.monotonic() + within
        return any(one.ends(max(0.0, deadline - time.monotonic())) for one in self._instances.values())

    def deaths(self) -> list[str]:
        """Returns the servers that have died after a case had been judged, each told once."""
        dead = [one for one in self._instances.values() if not one.death_told and one.died() is not None]
        for one in dead:
            one.death_told = True
        return [f'server "{one.name}" died after case "{one.last_case}": {one.died()}' for one in dead]

    def stop(self) -> None:
        """End every server and remove the document root, if it was laid out here."""
        for instance in self._instances.values():
            instance.stop()
        self._instances.clear()
        self._stack.close()
        self._docroot = None
