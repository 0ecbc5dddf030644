"""Runs a function in a thread during a block of a test."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_Result = TypeVar("_Result")


@contextmanager
def meanwhile(act: Callable[[threading.Event], _Result]) -> Iterator[Future[_Result]]:
    """Runs `act` in a thread, and sets the event that it gets at the end of the block. If `act` fails, so does the test."""
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act, over)
        try:
            yield acting
        finally:
            over.set()
        acting.result()
