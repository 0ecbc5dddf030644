"""Runs the command line for `python3 -m cgi_bench_report`."""

import sys

from cgi_bench_report.cli import main

sys.exit(main())
