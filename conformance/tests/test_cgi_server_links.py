"""The program cgi-server while somebody swaps a directory of its document root for a link that leads out.

No request of a case brings this about. server/tests/document_root_test.cc tries the same without a server, more often.
"""

import itertools
import threading
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from meanwhile import meanwhile
from test_cgi_server import LONG, PROGRAM, started

REQUESTS = 2_000

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


@pytest.mark.parametrize(("name", "must_see"), [("file", {200, 404}), ("secret", {404})])
def test_no_file_outside_is_served_while_a_directory_and_a_link_swap_places(
    tmp_path: Path, name: str, must_see: set[int]
) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "directory").mkdir(parents=True)
    (root / "directory" / "file").write_text("inside")
    (root / "link").symlink_to("../outside")
    outside.mkdir()
    for secret in ("file", "secret"):
        (outside / secret).write_text("outside")

    statuses = set()
    with started(root) as server, meanwhile(partial(swap, root)) as swaps:
        limit = monotonic() + LONG
        for count in itertools.count(1):
            head, _, content = server.get(f"/directory/{name}").partition(b"\r\n\r\n")
            assert b"outside" not in content
            statuses.add(int(head.split()[1]))
            if (count >= REQUESTS and must_see <= statuses) or monotonic() > limit:
                break
    assert swaps.result() > 0
    assert must_see <= statuses <= {200, 404, 503}
    assert name == "file" or 200 not in statuses
