"""Starts the CGIHTTPServer of Python 2.7 on 127.0.0.1: its own command line listens on all addresses.

    launch.py PORT [PROTOCOL [CGI-DIRECTORY...]]
"""

import sys
from BaseHTTPServer import HTTPServer
from CGIHTTPServer import CGIHTTPRequestHandler

if len(sys.argv) > 2:
    CGIHTTPRequestHandler.protocol_version = sys.argv[2]
if len(sys.argv) > 3:
    CGIHTTPRequestHandler.cgi_directories = sys.argv[3:]
HTTPServer(("127.0.0.1", int(sys.argv[1])), CGIHTTPRequestHandler).serve_forever()
