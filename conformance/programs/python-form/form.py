#!{program}
"""Prints the fields of a form. A POST to …/save redirects to a page that shows the form."""

import os
import sys
from urllib.parse import parse_qs, urlencode

method = os.environ["REQUEST_METHOD"]
if method == "POST":
    sent = sys.stdin.buffer.read(int(os.environ["CONTENT_LENGTH"])).decode()
else:
    sent = os.environ["QUERY_STRING"]
fields = {name: ",".join(values) for name, values in parse_qs(sent).items()}
out = open(1, "w", encoding="utf-8", newline="\n")
if method == "POST" and os.environ.get("PATH_INFO") == "/save":
    # Status 303 with an absolute path asks the client to send a GET next.
    page = f"{os.environ['SCRIPT_NAME']}?{urlencode({'saved': fields['name']})}"
    out.write(f"Status: 303 See Other\r\nLocation: {page}\r\nContent-Type: text/plain\r\n\r\nsaved\n")
else:
    shown = " ".join(f"{name}={fields[name]}" for name in sorted(fields))
    out.write(f"Content-Type: text/plain; charset=utf-8\r\n\r\n{method} {shown}\n")
