"""python3 record_mime_types.py: the media types that this CPython's http.server tells without files of the system.

Prints a line for each suffix that the module mimetypes knows: the suffix, a space, and what
SimpleHTTPRequestHandler.guess_type() says of a file that has it. mime_types_3.13.txt was written so.
"""

import mimetypes
import platform
from http.server import SimpleHTTPRequestHandler


def main() -> None:
    mimetypes.knownfiles.clear()  # such as /etc/mime.types
    mimetypes.init()
    handler = SimpleHTTPRequestHandler.__new__(SimpleHTTPRequestHandler)
    print(f"# CPython {platform.python_version()}, as server/tests/record_mime_types.py prints it")
    for suffix in sorted({*mimetypes.types_map, *mimetypes.suffix_map, *mimetypes.encodings_map}):
        print(suffix, handler.guess_type(f"file{suffix}"))


if __name__ == "__main__":
    main()
