"""Runs cgi-server from Python: it serves the files and CGI scripts below a directory, as CGIHTTPRequestHandler did.

>>> import cgi_server, urllib.request
>>> with cgi_server.serve("site", cgi_directories=["/cgi-bin"]) as server:
...     with urllib.request.urlopen(server.url + "/cgi-bin/hello") as response:
...         print(response.read())
b'hello\\n'

pytest finds a fixture of the name `cgi_server`: a function with the arguments of serve(), whose servers end with the
test. `python3 -m cgi_server` takes the options of the program cgi-server.
"""

from cgi_server.program import CgiServerError
from cgi_server.server import Server, serve

__all__ = ["CgiServerError", "Server", "serve"]
__version__ = "0.1.0"
