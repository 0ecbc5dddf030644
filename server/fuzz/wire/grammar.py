"""Makes the octets of one connection from a random generator: good requests, bad ones, and anything between.

Most parts come from short lists of what servers have read differently: spellings of a path, of a length, of a coding.
The same generator state makes the same octets.
"""

from dataclasses import dataclass, field
from random import Random

NAMES = (
    "/ /hello.txt /long.bin /dir /dir/ /dir/index.html /list/ /list/file /nothing /inner/ /up/secret /out /beside/secret "
    "/cgi-bin /cgi-bin/ /cgi-bin/echo /cgi-bin/sub/echo /cgi-bin/echo/info/more /cgi-bin/goto /cgi-bin/notes.txt "
    "/cgi-bin/index.html /cgi-bin/out /cgi-bin/up/secret /cgi-bin/out-script /htbin/echo /../secret /list/cgi-bin/echo "
    "/cgi-bin-2/hello.txt /dir/../cgi-bin/echo /cgi-bin/../../secret /root/hello.txt"
).split()
# Put between two characters of a target.
INSERTED = (
    "/ // /./ /../ /x/../ %2f %2F %5c \\ # ? ; . .. ... %2e %2e%2e %252e %25 % %0 %zz %00 %0a %0d%0a %20 + ~ : @ & = ' "
    "%c0%ae %c0%af %ED%B0%AF %ED%B3%A7 %ff \xe7 \x01 \x7f [ ] ::$DATA .bak ~ %23 %3f ;x=y ../ ..%2f ..%5c"
).split(" ")
METHODS = "GET HEAD POST PUT DELETE OPTIONS TRACE CONNECT PATCH get Get BREW G@T GET\0 POST\x0b".split(" ")
VERSIONS = (
    "HTTP/1.1 HTTP/1.0 HTTP/0.9 HTTP/1.2 HTTP/2.0 HTTP/1.10 HTTP/01.1 HTTP/1 HTTP/1. HTTP/a.b http/1.1 HTTP/1.1.1 HTTP "
    "HTTP/99999999999.1 HTTP/1.99999999999"
).split()
FIELDS = (
    "Host: 127.0.0.1", "Host: a, b", "Host:", "Host: [::1]:80", "Host: a\tb", "Connection: close",
    "Connection: keep-alive", "Connection: close, keep-alive", "Accept: */*", "Cookie: a=b", "User-Agent: x",
    "If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT",
    "If-Modified-Since: Sun Nov  6 08:49:37 2094", "If-Modified-Since: now", "If-None-Match: *", "Range: bytes=0-3",
    "Range: bytes=-1,0-,5-2", "Expect: 100-continue", "Expect: 200-ok", "Upgrade: h2c", "TE: trailers",
    "Content-Type: application/x-www-form-urlencoded", "Authorization: Basic Zm9vOmJhcg==", "Proxy: http://evil/",
    "Proxy-Authorization: x", "X_Y: underscore", "X-Y: hyphen", "Content_Length: 3", "X-Long: " + "x" * 3000,
    "X-Forwarded-For: 1.2.3.4", " folded: first", "no colon", "space before : colon", ": no name", "X-Nul: a\0b",
    "X-Cr: a\rb", "X-Octets: \x80\xff\x01", "X: y\r\n folded\r\n\tagain", "(): no token", "Last-Event-ID: ${IFS}`id`",
)  # fmt: skip
LENGTHS = (
    "0", "3", "5", "05", "+5", "-1", "5,5", "5, 6", "5 5", "0x5", "5;", "", "5.0", "99999999999", "18446744073709551615",
    "18446744073709551616", "99999999999999999999", "\x0b5", "5\r\n 6", "５",
)  # fmt: skip
CODINGS = (
    "chunked", "Chunked", "chunked, chunked", "gzip", "gzip, chunked", "chunked, identity", "identity", "", "xchunked",
    "chunked;q=1", "\x0bchunked", "chunked\r\n x", '"chunked"',
)  # fmt: skip
SMUGGLED = b"GET /list/file HTTP/1.1\r\nHost: smuggled\r\n\r\n"
SIZES = "5 05 00000000000000000005 5; x=y 5;x=\"\n\" 5\t 0x5 -5 +5 5g fffffffffffffffff ffffffffffffffff 6".split(" ")


@dataclass
class Talk:
    """The octets of one connection, how the client ends it, and the limits of what the server may answer."""

    writes: list[bytes]
    end: str  # "half" (sends no more), "wait" (the server must close), "leave" (closes at once) or "reset"
    methods: list[bytes]  # of the requests, in order
    surplus: int = 0  # requests that the server may see besides: the client sent more octets than it announced
    ambiguous: int | None = None  # the number of the first request with both a length and a coding
    bodies: list[bytes] = field(default_factory=list)  # for good requests: the content of each 200

    @property
    def sent(self) -> bytes:
        return b"".join(self.writes)


def make(chance: Random, keeps_open: bool) -> Talk:
    """Returns the octets of a connection. If it has only good requests, says what the content must be."""
    talk = good(chance, keeps_open) if chance.random() < 0.25 else wild(chance)
    whole = talk.sent
    if len(whole) > 1 and chance.random() < 0.2:
        at = chance.randrange(1, len(whole))
        talk.writes = [whole[:at], whole[at:]]
    return talk


def good(chance: Random, keeps_open: bool) -> Talk:
    """Returns requests that the server must answer with 200; with `keeps_open` there may be several."""
    pieces: list[bytes] = []
    talk = Talk([], "wait", [])
    count = chance.choice((1, 1, 2, 3)) if keeps_open else 1
    for number in range(count):
        last = number == count - 1
        method = chance.choice((b"GET", b"GET", b"HEAD", b"POST"))
        body = chance.randbytes(chance.choice((0, 1, 40, 5000))) + SMUGGLED * chance.randrange(2)
        query = b"%d" % chance.randrange(1 << 30)
        if method == b"POST" or chance.random() < 0.1:
            target, content = b"/cgi-bin/echo/info?" + query, b"echo %s /info %s\n" % (method, query)
        else:
            target, content = chance.choice(((b"/hello.txt", b"hello static\n"), (b"/dir/?" + query, b"the index\n")))
        head = [b"%s %s HTTP/1.%d" % (method, target, 1 if keeps_open else chance.randrange(2)), b"Host: 127.0.0.1"]
        head += [b"Connection: close"] if last else []
        if method == b"POST":
            chunked = head[0].endswith(b"1") and chance.random() < 0.5
            head.append(b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body))
            content += body
            body = _chunks(chance, body) if chunked else body
        pieces += [b"\r\n".join(head), b"\r\n\r\n", body if method == b"POST" else b""]
        talk.methods.append(method)
        talk.bodies.append(b"" if method == b"HEAD" else content)
    talk.writes = [b"".join(pieces)]
    return talk


def wild(chance: Random) -> Talk:
    """Returns requests of which any part may be wrong."""
    talk = Talk([], chance.choice(("half", "half", "half", "half", "half", "half", "leave", "reset")), [])
    count = chance.choice((1, 1, 1, 2, 3))
    whole = b"\r\n" * chance.choice((0,) * 20 + (1, 4, 6))
    for _ in range(count):
        whole += _request(chance, talk)
    if chance.random() < 0.1:
        whole = whole[: chance.randrange(len(whole) + 1)]
        talk.ambiguous = None
    if chance.random() < 0.05:
        whole = _garbled(chance, whole)
        talk.surplus += whole.count(b"\n")
        talk.ambiguous = None
    talk.writes = [whole]
    return talk


def target(chance: Random) -> str:
    """Returns a target: a name, changed at random places."""
    text = chance.choice(NAMES)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(6)
        if kind < 3:
            text = text[:at] + chance.choice(INSERTED) + text[at:]
        elif kind == 3 and at < len(text):
            text = f"{text[:at]}%{ord(text[at]) & 255:02x}{text[at + 1 :]}"
        elif kind == 4:
            text = text[:at] + text[at:].swapcase()
        else:
            text += chance.choice(("?", "#", "#/..", "#/../..", "?/..", "/..")) + chance.choice(("", *NAMES))
    if chance.random() < 0.05:
        text = chance.choice(("http://127.0.0.1", "https://evil", "//evil", "*", "", "\\", "http:", "file://")) + text
    if chance.random() < 0.002:
        text += "/" * 70000
    return text


def _request(chance: Random, talk: Talk) -> bytes:
    """Returns the octets of a request, and adds its method to the talk."""
    method = chance.choice(METHODS) if chance.random() < 0.2 else chance.choice(("GET", "GET", "HEAD", "POST"))
    version = chance.choice(VERSIONS) if chance.random() < 0.1 else chance.choice(("HTTP/1.1", "HTTP/1.0"))
    blank = chance.choice((" ",) * 30 + ("  ", "\t", "\x0b", "\x1c"))
    words = [method, target(chance), version]
    if chance.random() < 0.03:
        words.pop(chance.randrange(3))
    if chance.random() < 0.02:
        words.insert(chance.randrange(4), "word")
    talk.methods.append(words[0].split("\x0b")[0].encode("latin-1"))
    lines = [blank.join(words)]
    lines += ["Host: 127.0.0.1"] if chance.random() < 0.9 else []
    lines += [chance.choice(FIELDS) for _ in range(chance.choice((0, 0, 1, 2, 5)))]
    if chance.random() < 0.003:
        lines += [f"X-{number}: many" for number in range(120)]
    framing, body = _body(chance, talk)
    lines += framing
    end = chance.choice(("\r\n",) * 20 + ("\n", "\r", "\r\r\n"))
    return (end.join(lines) + end + end).encode("utf-8" if "５" in "".join(framing) else "latin-1") + body


def _body(chance: Random, talk: Talk) -> tuple[list[str], bytes]:
    """Returns the framing fields, and a body that may not agree with them."""
    kind = chance.random()
    if kind < 0.6:
        return [], b""
    body = chance.choice((b"", b"a=b", b"hello", chance.randbytes(chance.randrange(300)), SMUGGLED, b"x" * 70000))
    if kind < 0.75:
        return [f"Content-Length: {len(body)}"], body
    if kind < 0.85:
        return ["Transfer-Encoding: chunked"], _chunks(chance, body)
    lengths, codings = (str(len(body)), chance.choice(LENGTHS)), ("chunked", chance.choice(CODINGS))
    lines = [f"Content-Length: {chance.choice(lengths)}" for _ in range(chance.randrange(3))]
    lines += [f"Transfer-Encoding: {chance.choice(codings)}" for _ in range(chance.randrange(3))]
    lines = [line.replace(":", chance.choice((":",) * 10 + (" :", "\t:", ":\x0b", "")), 1) for line in lines]
    chance.shuffle(lines)
    has_both = all(any(line.startswith(name) for line in lines) for name in ("Content-Length: ", "Transfer-Encoding: "))
    if has_both and talk.ambiguous is None and not talk.surplus:
        talk.ambiguous = len(talk.methods) - 1
    body = _chunks(chance, body, bad=True) if any("chunked" in line for line in lines) else body
    talk.surplus += body.count(b"\n") + 1
    return lines, body


def _chunks(chance: Random, body: bytes, bad: bool = False) -> bytes:
    """Returns the body in chunks; with `bad`, some of the framing may be wrong."""
    pieces: list[bytes] = []
    while body:
        size = chance.randrange(1, len(body) + 1)
        told = chance.choice(SIZES).encode("latin-1") if bad and chance.random() < 0.3 else b"%x" % size
        extension = chance.choice((b"", b"", b"", b";a=b", b';a="b c"'))
        end = chance.choice((b"\n", b"", b"\r", b"\r\n\r\n")) if bad and chance.random() < 0.1 else b"\r\n"
        pieces += [told, extension, b"\r\n", body[:size], end]
        body = body[size:]
    trailer = chance.choice((b"", b"", b"", b"X-Trailer: x\r\n", b"Content-Length: 5\r\n"))
    return b"".join([*pieces, chance.choice((b"0", b"000")), b"\r\n", trailer, b"\r\n"])


def _garbled(chance: Random, octets: bytes) -> bytes:
    """Returns the octets with some of them replaced, dropped or repeated."""
    whole = bytearray(octets)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(whole) + 1)
        kind = chance.randrange(3)
        if kind == 0:
            whole[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del whole[at : at + chance.randrange(1, 20)]
        else:
            whole[at:at] = whole[at : at + chance.randrange(1, 50)]
    return bytes(whole)
