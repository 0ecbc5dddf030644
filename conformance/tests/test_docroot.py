"""cases/docroot.py: the document root that it writes, and its removal."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from cgi_conform.cases import docroot
from cgi_conform.cases.docroot import remove
from cgi_conform.cases.layout import CHANGED, lay_out, temporary
from cgi_conform.errors import UserError
from cgi_conform.paths import REPO

MANIFEST = r"""
[[entry]]
path = 'outside/secret.txt'
text = 'a\x00b\n'
[[entry]]
path = 'root/caf\xc3\xa9 \xff.txt'
repeat = { repeat = 'xy', times = 3 }
mode = '600'
[[entry]]
path = 'root/link'
link = '{base}/outside/secret.txt'
[[entry]]
path = 'root/dangling'
link = 'nowhere'
[[entry]]
path = 'root/fifo'
fifo = true
[[entry]]
path = 'root/closed/deep'
directory = true
[[entry]]
path = 'root/closed/deep/file'
text = 'x'
mode = '0000'
[[entry]]
path = 'root/closed'
directory = true
mode = '000'
[[entry]]
path = 'root/of-root'
text = 'x'
needs = 'root'
owner = 'root'
"""


@pytest.fixture
def fixtures(tmp_path: Path) -> Path:
    folder = tmp_path / "fixtures"
    (folder / "docroot" / "cgi-bin").mkdir(parents=True)
    (folder / "docroot" / "hello.txt").write_text("hello static\n")
    script = folder / "docroot" / "cgi-bin" / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o700)
    (folder / "docroot" / "hello.txt").chmod(0o640)
    (folder / "docroot" / "link").symlink_to("hello.txt")
    (folder / "docroot.toml").write_text(MANIFEST.replace("root/link'", "root/other'"))
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_compiled_python_files_are_not_copied(fixtures: Path, tmp_path: Path) -> None:
    (fixtures / "docroot" / "cgi-bin" / "__pycache__").mkdir()
    (fixtures / "docroot" / "cgi-bin" / "__pycache__" / "script.cpython-311.pyc").write_text("x")
    made = lay_out(fixtures, tmp_path / "base")
    assert [path.name for path in (made.root / "cgi-bin").iterdir()] == ["script"]
    remove(made.base)


def test_files_have_the_same_modes_and_times_everywhere(fixtures: Path, tmp_path: Path) -> None:
    laid = lay_out(fixtures, tmp_path / "base")
    root = laid.root
    assert (root / "hello.txt").read_text() == "hello static\n"
    assert [mode(root / name) for name in ("hello.txt", "cgi-bin/script", "cgi-bin", ".")] == [0o644, 0o755, 0o755, 0o755]
    assert mode(laid.base) == 0o755
    for path in (laid.base, root, root / "hello.txt", root / "link", root / "fifo", laid.base / "outside/secret.txt"):
        assert path.lstat().st_mtime_ns == CHANGED * 10**9, path
    remove(laid.base)


def test_the_manifest_makes_files_that_git_cannot_hold(fixtures: Path, tmp_path: Path) -> None:
    laid = lay_out(fixtures, tmp_path / "base")
    root = laid.root
    assert (laid.base / "outside" / "secret.txt").read_bytes() == b"a\0b\n"
    odd = root / os.fsdecode(b"caf\xc3\xa9 \xff.txt")
    assert (odd.read_bytes(), mode(odd)) == (b"xyxyxy", 0o600)
    assert os.readlink(root / "link") == "hello.txt"
    assert os.readlink(root / "other") == f"{laid.base}/outside/secret.txt"
    assert os.readlink(root / "dangling") == "nowhere"
    assert stat.S_ISFIFO((root / "fifo").lstat().st_mode)
    assert mode(root / "closed") == 0
    assert (root / "of-root").exists() == (os.geteuid() == 0)
    remove(laid.base)
    assert not laid.base.exists()


def test_a_directory_that_cannot_be_read_is_removed(fixtures: Path) -> None:
    with temporary(fixtures) as laid:
        assert mode(laid.root / "closed") == 0
    assert not laid.base.exists()


def test_the_document_root_is_removed_after_an_error(fixtures: Path) -> None:
    with pytest.raises(RuntimeError), temporary(fixtures) as laid:
        raise RuntimeError
    assert not laid.base.exists()


def test_the_removal_does_not_follow_links(fixtures: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o500)
    with temporary(fixtures) as laid:
        (laid.root / "to-kept").symlink_to(kept)
    assert mode(kept) == 0o500


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("path = 'x'\ntext = 'a'\nlink = 'b'", 'docroot.toml: "entry[1]" needs exactly one of text, repeat, link,'),
        ("path = 'x'\ntxt = 'a'", 'docroot.toml: unknown key "txt" in "entry[1]" (did you mean "text"?)'),
        ("path = 'x\\q'\ntext = 'a'", 'docroot.toml: entry 1 "x\\q": \\q'),
        ("path = 'a/../../x'\ntext = 'a'", 'docroot.toml: entry 1 "a/../../x": leads out of the base directory'),
        ("path = 'x'\ntext = 'a'\nmode = '9'", 'docroot.toml: "entry[1].mode" is "9", which is not of the form'),
    ],
)
def test_an_error_in_the_manifest_is_reported_in_one_line(tmp_path: Path, entry: str, said: str) -> None:
    (tmp_path / "docroot").mkdir()
    (tmp_path / "docroot.toml").write_text(f"[[entry]]\n{entry}\n")
    with pytest.raises(UserError) as caught, temporary(tmp_path):
        pass
    assert caught.value.message.startswith(said)


def test_a_directory_that_is_not_empty_is_refused(fixtures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        lay_out(fixtures, tmp_path)
    assert caught.value.message == f'"{tmp_path}" is not empty (name a new directory)'


def test_root_gets_a_temporary_folder_that_the_user_nobody_can_enter(
    fixtures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(closed))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert docroot.reachable_tmp() == Path("/tmp")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert docroot.reachable_tmp() == closed.resolve()


def test_the_document_root_of_this_suite_can_be_written_and_removed() -> None:
    with temporary(REPO / "fixtures") as laid:
        assert (laid.root / "hello.txt").read_bytes() == b"hello static\n"
    assert not laid.base.exists()


def test_a_file_that_switches_protection_on_is_alone_in_its_directory() -> None:
    """mini_httpd, thttpd and CivetWeb protect every file in a directory with a .htpasswd by a password."""
    with temporary(REPO / "fixtures") as made:
        switches = [path for name in (".htpasswd", ".htaccess") for path in made.root.rglob(name)]
        assert switches, "a case needs one"
        assert [path for path in switches if list(path.parent.iterdir()) != [path]] == []
