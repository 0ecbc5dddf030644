"""cgi-conform: does a server do what CGIHTTPServer did?"""

__version__ = "0.1.0"
