"""The servers of one process: one per variant and environment, started when first needed, kept to the end."""

import time
from contextlib import ExitStack
from pathlib import Path

from cgi_conform.case import Case
from cgi_conform.docroot import Docroot, temporary
from cgi_conform.errors import UserError
from cgi_conform.launch import Instance, Starter, start, started
from cgi_conform.server import Server

Key = tuple[str, tuple[tuple[str, bytes], ...], int]


def server_key(case: Case) -> Key:
    """What the server of a case is started with: cases with the same key share one."""
    return case.variant, tuple(sorted(case.environment.items())), case.descriptor or 0


class Running:
    """Starts servers of one definition over one document root, and ends them all."""

    def __init__(
        self, server: Server, fixtures: Path, starter: Starter = started, docroot: Docroot | None = None
    ) -> None:
        self._server = server
        self._fixtures = fixtures
        self._starter = starter
        self._stack = ExitStack()
        self._docroot = docroot
        self._instances: dict[Key, Instance] = {}
        self._broken: dict[Key, UserError] = {}
        self._halted = False

    @property
    def docroot(self) -> Docroot:
        if self._docroot is None:
            self._docroot = self._stack.enter_context(temporary(self._fixtures))
        return self._docroot

    def instance(self, case: Case) -> Instance:
        """The server for a case; one that did not start once is not tried again, one that died is."""
        key = server_key(case)
        if key in self._broken:
            raise self._broken[key]
        found = self._instances.get(key)
        if found is not None and found.died() is not None:
            found.stop()
            found = None
        if found is None:
            try:
                found = self._instances[key] = start(
                    self._server, self.docroot, case.variant, case.environment, self._starter, case.descriptor
                )
            except UserError as error:
                self._broken[key] = error
                raise
            if self._halted:
                found.stop()
        found.last_case = case.id
        return found

    def retire(self, instance: Instance) -> None:
        """Stop a server; the next case that would have it gets another."""
        instance.stop()
        self._instances = {key: one for key, one in self._instances.items() if one is not instance}

    def one_ends(self, within: float) -> bool:
        """Whether a server ends, or has ended, in that time."""
        deadline = time.monotonic() + within
        return any(one.ends(max(0.0, deadline - time.monotonic())) for one in self._instances.values())

    def deaths(self) -> list[str]:
        """The servers that have died after a case had been judged, each told once."""
        dead = [one for one in self._instances.values() if not one.death_told and one.died() is not None]
        for one in dead:
            one.death_told = True
        return [f'server "{one.name}" died after case "{one.last_case}": {one.died()}' for one in dead]

    def halt(self) -> None:
        """End every server, and any that is being started in another thread; what they serve breaks off."""
        self._halted = True
        for instance in list(self._instances.values()):
            instance.stop()

    def stop(self) -> None:
        """End every server and remove the document root, if it was laid out here."""
        for instance in self._instances.values():
            instance.stop()
        self._instances.clear()
        self._stack.close()
        self._docroot = None
