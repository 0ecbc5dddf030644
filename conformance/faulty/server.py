"""Starts the server: listens, runs a thread for each connection, and ends all scripts at its own end."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from types import FrameType

from . import connection, process, settings
from .client import Client
from .settings import Settings, Site

_BACKLOG = 128
_PATIENCE = 1.0  # seconds until a connection that gives way has left its place


class _Ended(Exception):
    """SIGINT or SIGTERM has ended the server."""


# rule: base/restart-on-the-same-port, resource/port-is-free-after-the-end, resource/taken-port-ends-the-start
def main(argv: list[str] | None = None) -> int:
    chosen = settings.parse(argv)
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((chosen.address, chosen.port))
    except OSError as error:
        where = f"port {chosen.port} of {chosen.address}"
        print(f"faulty: cannot listen on {where}: {error.strerror} (try port 0)", file=sys.stderr)
        return 1
    listener.listen(_BACKLOG)
    port = listener.getsockname()[1]
    scripts = threading.BoundedSemaphore(chosen.max_scripts)
    early_scripts = threading.BoundedSemaphore(chosen.max_scripts // 2)
    site = Site(chosen, chosen.address.encode(), port, scripts, early_scripts)
    try:
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)
        print(f"Serving HTTP on {chosen.address} port {port} (http://{chosen.address}:{port}/) ...", flush=True)
        _accept(listener, chosen, site)
    except _Ended:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        process.end_all(site)
    return 0


# rule: resource/stop-ends-the-server
def _end(_number: int, _frame: FrameType | None) -> None:
    raise _Ended


# rule: base/requests-run-in-parallel, resource/slow-script-blocks-no-request
def _accept(listener: socket.socket, chosen: Settings, site: Site) -> None:
    places = threading.BoundedSemaphore(chosen.max_connections)
    while True:
        try:
            sock, address = listener.accept()
        except ConnectionError:
            continue
        threading.Thread(target=_serve, args=(sock, address, site, places), daemon=True).start()


# rule: resource/no-descriptor-leak
def _serve(sock: socket.socket, address: tuple[str, int], site: Site, places: threading.BoundedSemaphore) -> None:
    try:
        client = Client(sock, address[:2], site.settings.header_timeout)
    except OSError:
        sock.close()
        return
    if not _take_place(places, site):
        connection.refuse_crowd(client, site)
        return
    try:
        connection.handle(client, site)
    finally:
        sock.close()
        places.release()


# rule: resource/quiet-connection-gives-way
def _take_place(places: threading.BoundedSemaphore, site: Site) -> bool:
    """Takes a place for a connection. If none is free, the connection that has been quiet for longest gives way."""
    if places.acquire(blocking=False):
        return True
    return connection.end_oldest(site) and places.acquire(timeout=_PATIENCE)
