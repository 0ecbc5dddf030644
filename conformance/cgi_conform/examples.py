"""Two examples for the help of each command. A test parses each one and looks up what it names."""

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, str]] = {
    "run": (
        "cgi-conform run 'post/*' --server cgi-server",
        "cgi-conform run --command './my-server --port {port} --root {root}' --profile rfc3875 --report report",
    ),
    "merge": (
        "cgi-conform merge report-1/results.json report-2/results.json report-3/results.json",
        "cgi-conform merge parts --report report",
    ),
    "init-server": (
        "cgi-conform init-server my-server",
        "cgi-conform run --server my-server --profile rfc3875",
    ),
    "list": (
        "cgi-conform list post redirect",
        "cgi-conform list --profile rfc3875 --json",
    ),
    "show": (
        "cgi-conform show post/plain-file --profile rfc3875 --port 8000",
        "cgi-conform show cgi/header-order-is-free",
    ),
    "coverage": (
        "cgi-conform coverage",
        "cgi-conform coverage --format markdown",
    ),
    "servers": (
        "cgi-conform servers",
        "cgi-conform servers --install lighttpd apache",
    ),
    "fixtures": (
        "cgi-conform fixtures site",
        "cgi-conform run --url http://127.0.0.1:8000 --root site/root",
    ),
    "serve": (
        "cgi-conform serve cpython-3.12",
        "cgi-conform serve --command './my-server --port {port} --root {root}' --port 8000",
    ),
    "matrix": (
        "cgi-conform matrix --report matrix",
        "cgi-conform matrix --server cgi-server --server lighttpd --profile rfc3875 'post/*' --report matrix",
    ),
    "bisect": (
        "cgi-conform bisect --server my-server --profile rfc3875",
        "cgi-conform bisect --command './my-server {port} {root}' --until get",
    ),
    "diff": (
        "cgi-conform diff cpython-3.12 cgi-server 'query-string/*'",
        "cgi-conform diff lighttpd report/results.json --profile rfc3875",
    ),
    "compare-site": (
        "cgi-conform compare-site site",
        "cgi-conform compare-site site --server cgi-server --server lighttpd --profile rfc3875",
    ),
    "replay": (
        "cgi-conform replay post/plain-file --server cgi-server",
        "cgi-conform replay post/plain-file --url http://127.0.0.1:8000 --root site/root",
    ),
    "record": (
        "cgi-conform record --server cpython-3.12 --force",
        "cgi-conform record 'post/*' --server cpython-3.12 --force",
    ),
    "prove": (
        "cgi-conform prove post/plain-file",
        "cgi-conform prove 'post/*' --profile rfc3875 --report proof",
    ),
    "programs": (
        "cgi-conform programs --server cgi-server --server lighttpd",
        "cgi-conform programs 'git*' --command './my-server --port {port} --root {root}'",
    ),
}
FIRST_STEPS = (
    "cgi-conform run --server cgi-server",
    "cgi-conform init-server my-server",
)
