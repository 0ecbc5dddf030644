"""Becomes the program cgi-server: `python3 -m cgi_server` takes the same options."""

from __future__ import annotations

import os
import sys

from cgi_server.program import CgiServerError, find_program


def main() -> None:
    """Replaces this process, so that signals and the exit status are those of the server."""
    try:
        program = find_program()
        os.execv(program, ["cgi-server", *sys.argv[1:]])
    except CgiServerError as error:
        sys.exit(f"cgi-server: {error}")
    except OSError as error:
        sys.exit(f'cgi-server: "{program}" cannot run here: {error.strerror} (set CGI_SERVER_PROGRAM to another)')


if __name__ == "__main__":
    main()
