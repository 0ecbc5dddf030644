"""Starts the CGI server of Python 3 on 127.0.0.1 with settings that its own command line does not have.

    launch.py [--no-fork] [--protocol VERSION] PORT [CGI-DIRECTORY...]

--no-fork lets the class run scripts as it does on Windows: by the module subprocess.
"""

import argparse
from http.server import CGIHTTPRequestHandler, test

parser = argparse.ArgumentParser()
parser.add_argument("--no-fork", action="store_true")
parser.add_argument("--protocol", default="HTTP/1.0")
parser.add_argument("port", type=int)
parser.add_argument("directories", nargs="*", default=CGIHTTPRequestHandler.cgi_directories)
chosen = parser.parse_args()


class Handler(CGIHTTPRequestHandler):
    """The handler as a program changes it."""

    cgi_directories = chosen.directories
    have_fork = CGIHTTPRequestHandler.have_fork and not chosen.no_fork


test(HandlerClass=Handler, protocol=chosen.protocol, port=chosen.port, bind="127.0.0.1")
