"""Runs the command line for `python3 -m cgi_conform`."""

import sys

from cgi_conform.cli import command

sys.exit(command())
