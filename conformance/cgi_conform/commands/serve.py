"""`cgi-conform serve`: starts a server and keeps it running, for another client or for the lines of a report.

It prints a "key value" line for each of url, root, pid, profile, title and version, and then the line `ready`.
SIGTERM, SIGINT and SIGHUP end the command and the server. If standard input is a pipe, they also end when the pipe is
closed. So the server ends even if the program that started it dies.
"""

import argparse
import os
import selectors
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.docroot import Docroot
from cgi_conform.cases.layout import Layout, temporary
from cgi_conform.commands.server_options import configure_started, started_server
from cgi_conform.did_you_mean import did_you_mean, nearest_path
from cgi_conform.errors import SERVER, UserError
from cgi_conform.numbers import whole_number
from cgi_conform.paths import fixtures
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.launch import start
from cgi_conform.servers.ports import ADDRESS, why_not_free
from cgi_conform.signals import handled, let_go_of_terminal

_LOOK = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `serve`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="the same as --server NAME")
    configure_started(parser)
    parser.add_argument("--profile", choices=PROFILES, help="the profile to start the server for (default: its first one)")
    parser.add_argument("--variant", default="", metavar="V", help="add the arguments of this capability, such as http11")
    parser.add_argument("--port", type=whole_number(0, 65535), default=0, metavar="N", help="the port to listen on (default: a free one)")
    parser.add_argument("--root", type=Path, metavar="DIR", help="the document root (default: that of the cases)")


def main(options: argparse.Namespace) -> int:
    """Starts the server and waits until the command must end."""
    server = _server(options)
    profile = options.profile or server.profiles[0]
    if profile not in server.profiles:
        raise UserError(f'server "{server.name}" has no profile "{profile}" (it has {", ".join(server.profiles)})')
    if options.variant and options.variant not in server.variants:
        hint = did_you_mean(options.variant, server.variants) or f" (it has {', '.join(sorted(server.variants)) or 'none'})"
        raise UserError(f'server "{server.name}" has no variant "{options.variant}"{hint}')
    with _told_to_end() as told, _docroot(options.root, server.layout) as docroot:
        instance = start(server.for_profile(profile), docroot, options.variant, port=options.port)
        try:
            _introduce(server, profile, instance, docroot)
            _wait(instance, told)
        finally:
            instance.stop()
    return 0


def _server(options: argparse.Namespace) -> ServerDefinition:
    """Returns the named server. Raises UserError if it cannot use the chosen port."""
    if sum(each is not None for each in (options.name, options.server, options.command)) != 1:
        raise UserError("name one server: NAME, --server NAME or --command 'CMD {port} {root}'")
    options.server = options.server or options.name
    server = started_server(options)
    if options.port and server.takes_free_port:
        raise UserError(f'server "{server.name}" chooses its port itself ({{port_file}}): --port cannot set it')
    if options.port and (why := why_not_free(options.port)):
        raise UserError(f"port {options.port} of {ADDRESS} {why} (choose another --port; without --port it takes a free one)")
    return server


@contextmanager
def _docroot(root: Path | None, layout: Layout) -> Iterator[Docroot]:
    if root is None:
        with temporary(fixtures(), layout) as docroot:
            yield docroot
    elif root.is_dir():
        whole = root.resolve()
        yield Docroot(whole.parent, whole.name)
    else:
        hint = nearest_path(root) or " (--root must name the document root to serve)"
        raise UserError(f'"{root}" is not a directory{hint}')


def _introduce(server: ServerDefinition, profile: str, instance: Instance, docroot: Docroot) -> None:
    told = {
        "url": f"http://{ADDRESS}:{instance.port}",
        "root": docroot.root,
        "pid": instance.process.pid,
        "profile": profile,
        "title": server.title,
        "version": server.version(),
    }
    for key, value in told.items():
        print(key, value)
    print("ready", flush=True)


@contextmanager
def _told_to_end() -> Iterator[socket.socket]:
    """Yields a socket that becomes readable when a signal asks the command to end."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    with reader, writer, handled(_told):
        wakeup = signal.set_wakeup_fd(writer.fileno())
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(wakeup)


def _told(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGHUP:
        let_go_of_terminal()


def _wait(instance: Instance, told: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(told, selectors.EVENT_READ)
        if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
            selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(_LOOK):
                if key.fileobj is told or not os.read(key.fd, 4096):
                    return
            died = instance.died()
            if died is not None:
                raise UserError(f'server "{instance.name}" died: {died}', SERVER)
