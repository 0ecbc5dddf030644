"""The program cgi-server while somebody swaps a directory of its document root for a link that leads out.

No request of a case brings this about. server/tests/document_root_test.cc tries the same without a server.
"""

import itertools
import threading
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from meanwhile import meanwhile
from test_cgi_server import LONG, PROGRAM, started

REQUESTS = (2_000, pytest.param(100_000, marks=pytest.mark.long))

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="cgi-server is not built (ci/build)")


def swap(root: Path, over: threading.Event) -> int:
    """Puts the link in the place of the directory, and the directory back, until it is over. Returns how often."""
    times = 0
    while not over.is_set():
        (root / "directory").rename(root / "aside")
        (root / "link").rename(root / "directory")
        (root / "directory").rename(root / "link")
        (root / "aside").rename(root / "directory")
        times += 1
    return times


@pytest.mark.parametrize("requests", REQUESTS)
def test_no_file_outside_is_served_while_a_directory_and_a_link_swap_places(tmp_path: Path, requests: int) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "directory").mkdir(parents=True)
    (root / "directory" / "file").write_text("inside")
    (root / "link").symlink_to("../outside")
    outside.mkdir()
    for name in ("file", "secret"):
        (outside / name).write_text("outside")

    seen: dict[str, set[int]] = {"file": set(), "secret": set()}
    with started(root) as server, meanwhile(partial(swap, root)) as swaps:
        limit = monotonic() + LONG
        for count in itertools.count(2, 2):
            for name, statuses in seen.items():
                head, _, content = server.get(f"/directory/{name}").partition(b"\r\n\r\n")
                assert b"outside" not in content
                statuses.add(int(head.split()[1]))
            if count >= requests and ({200, 404} <= seen["file"] or monotonic() > limit):
                break
    assert swaps.result() > 0
    assert {200, 404} <= seen["file"] <= {200, 404, 503}
    assert {404} <= seen["secret"] <= {404, 503}
