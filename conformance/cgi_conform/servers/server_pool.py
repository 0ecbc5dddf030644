"""Keeps the servers of a worker: one for each variant and environment. A server starts at its first case.

A server that did not start is not started again. `failures` holds the messages. A worker adds those of other workers.
"""

import time
from contextlib import ExitStack
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.docroot import Docroot
from cgi_conform.cases.layout import temporary
from cgi_conform.errors import SERVER, UserError
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.launch import Starter, start, started

Key = tuple[str, tuple[tuple[str, bytes], ...], int]
PLAIN: Key = ("", (), 0)


def server_key(case: Case) -> Key:
    """Returns the facts that the server of a case is started with. Cases with the same key share a server."""
    return case.variant, tuple(sorted(case.environment.items())), case.descriptor or 0


class ServerPool:
    """The running servers of one definition, with one document root."""

    def __init__(
        self,
        server: ServerDefinition,
        fixtures: Path,
        starter: Starter = started,
        docroot: Docroot | None = None,
        start_timeout: float | None = None,
    ) -> None:
        self._server = server
        self._fixtures = fixtures
        self._starter = starter
        self._stack = ExitStack()
        self._docroot = docroot
        self._instances: dict[Key, Instance] = {}
        self._start_timeout = start_timeout
        self.failures: dict[Key, str] = {}

    @property
    def docroot(self) -> Docroot:
        if self._docroot is None:
            self._docroot = self._stack.enter_context(temporary(self._fixtures, self._server.layout))
        return self._docroot

    def instance(self, case: Case) -> Instance:
        """Returns the server for a case, and starts it if needed.

        A server that has died is started again. A server that did not start, or has daemonised, is not.
        """
        key = server_key(case)
        if key in self.failures:
            raise UserError(self.failures[key].split("\n"), SERVER)
        found = self._instances.get(key)
        try:
            if found is not None and (ending := found.died()) is not None:
                left = found.is_in_background()
                self.retire(found)
                if left:
                    raise UserError(f'server "{found.name}" cannot be judged: {ending}'.split("\n"), SERVER)
                found = None
            if found is None:
                found = self._instances[key] = self._start(case)
        except UserError as error:
            self.failures[key] = error.message
            raise
        found.last_case = case.id
        return found

    def _start(self, case: Case) -> Instance:
        return start(
            self._server, self.docroot, case.variant, case.environment, self._starter, case.descriptor,
            timeout=self._start_timeout,
        )  # fmt: skip

    def retire(self, instance: Instance) -> None:
        """Ends a server. The next case that needs it gets a new one."""
        instance.stop()
        self._instances = {key: one for key, one in self._instances.items() if one is not instance}

    def one_ends(self, within: float) -> bool:
        """Waits up to `within` seconds, and returns whether one of the servers has ended."""
        deadline = time.monotonic() + within
        return any(one.ends(max(0.0, deadline - time.monotonic())) for one in self._instances.values())

    def deaths(self, within: float = 0.0) -> list[str]:
        """Returns a message for each server that has died after its last case was judged, once.

        `within` are the seconds for the exit of a server that accepts no connections any more.
        """
        dead = [one for one in self._instances.values() if not one.death_told and one.died(within=within) is not None]
        for one in dead:
            one.death_told = True
        return [f'server "{one.name}" died after case "{one.last_case}": {one.died()}' for one in dead]

    def stop(self) -> None:
        """Ends all servers, and removes the document root if the pool laid it out."""
        for instance in self._instances.values():
            instance.stop()
        self._instances.clear()
        self._stack.close()
        self._docroot = None
