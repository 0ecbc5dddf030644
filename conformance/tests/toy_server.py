"""A small server and its faults, for the tests of `cgi-conform prove`."""

from pathlib import Path

from case_files import HELLO

SERVER = '''
import os, socket, sys

def main(argv):
    listener = socket.create_server(("127.0.0.1", int(argv[0])))
    print(f"Serving HTTP on 127.0.0.1 port {argv[0]} (toy) ...", flush=True)
    while True:
        client = listener.accept()[0]
        with client:
            request = b""
            while b"\\r\\n\\r\\n" not in request and (more := client.recv(1000)):
                request += more
            if request:
                answer(client, (request.split() + [b"", b""])[1])

def answer(client, path):
    status = 200 if path == b"/hello.txt" else 404
    status = status
    body = b"hello static\\n" if status == 200 else b"no\\n"
    client.sendall(b"HTTP/1.0 %d Said\\r\\nX-Toy: yes\\r\\n\\r\\n" % status + body)
'''
FAULTS = {
    "file-cut-short": ('b"hello static\\n"', 'b"hello"'),
    "file-missing": ('path == b"/hello.txt"', "False"),
    "everything-is-there": ("else 404", "else 200"),
    "field-lost": ("X-Toy: yes", "X-Toy: no"),
    "answers-{status}": ("status = status", 'status = status if path == b"/stubborn" else {status}'),
    "closes-unanswered": ("            if request:", "            if not request:"),
    "never-answers": ("            if request:", "            while request: pass"),
    "answers-without-a-head": ('b"HTTP/1.0 %d', 'b"HTP/1.0 %d'),
}
assert HELLO == "hello static\n"


def fault(name: str, was: str, now: str, more: str = "") -> str:
    """Returns the TOML text of one fault."""
    return f"[{name!r}]\nfile = 'server.py'\nwas = '''{was}'''\nnow = '''{now}'''\n{more}\n"


def toy(folder: Path, *names: str, faults: str = "", server: str = SERVER, profiles: str = "'cgihttpserver'") -> Path:
    """Writes the server toy/ with the named faults of FAULTS and the text `faults`, and returns its folder."""
    folder.mkdir(exist_ok=True)
    (folder / "toy" / "faults").mkdir(parents=True, exist_ok=True)
    (folder / "toy" / "server.py").write_text(server)
    (folder / "toy" / "__main__.py").write_text("import sys\nfrom toy.server import main\nmain(sys.argv[1:])\n")
    known = "".join(fault(name, *(text.replace("\n", "\\n") for text in FAULTS[name])) for name in names)
    (folder / "toy" / "faults" / "toy.toml").write_text(known + faults)
    (folder / "server.toml").write_text(
        f"title = 'toy'\nprogram = ['{{python}}']\ncommand = ['{{program}}', '-P', '-m', 'toy', '{{port}}']\n"
        f"profiles = [{profiles}]\nenvironment.PYTHONPATH = '{{here}}'\n"
    )
    return folder
