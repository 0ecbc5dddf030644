"""judging/probe.py: reading the output of the probe script."""

import pytest

from cgi_conform.judging.probe import NotTheProbe, read_probe


def test_code_points_of_the_probe_output_are_read_as_octets() -> None:
    probe = read_probe(b'{"env": {"A": "\\u00ff="}, "argv": ["x\\u0000"], "uid": 5, "groups": [1], "stdin-eof": true, "cwd": "/"}')
    assert probe.env == {"A": b"\xff="}
    assert probe.argv == (b"x\0",)
    assert probe.seen == {"uid": 5, "groups": (1,), "stdin-eof": True, "cwd": b"/"}


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"[]", b"{}", b'{"env": {}}', b'{"env": 1, "argv": []}', b'{"env": {"A": 1}, "argv": []}',
     b'{"env": {}, "argv": [], "x": null}', b'{"env": {"A": "\\u0100"}, "argv": []}', b"\xff",
     b"[" * 100_000, b'{"env": {}, "argv": [], "x": [1e999]}', b'{"env": {}, "argv": [], "x": ' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_other_output_is_not_accepted_as_probe_output(body: bytes) -> None:
    with pytest.raises(NotTheProbe):
        read_probe(body)
