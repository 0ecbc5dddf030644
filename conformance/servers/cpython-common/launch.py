"""Starts a CGI server of Python 3 on 127.0.0.1 with other CGI directories, which its own command line cannot name.

    launch.py PORT CGI-DIRECTORY...
"""

import sys
from http.server import CGIHTTPRequestHandler, test


class Handler(CGIHTTPRequestHandler):
    """The handler as a program changes it."""

    cgi_directories = sys.argv[2:]


test(HandlerClass=Handler, port=int(sys.argv[1]), bind="127.0.0.1")
