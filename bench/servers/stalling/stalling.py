"""Runs a command and stops it (SIGSTOP) again and again: what a collection of garbage, or a swap, looks like outside.

The closed loop of cgi-bench hardly notices, since a client that waits sends nothing; the open loop does.
"""

import signal
import subprocess
import sys

RUNNING, STOPPED = 0.6, 0.2

server = subprocess.Popen(sys.argv[1:])
while True:
    try:
        sys.exit(server.wait(RUNNING))
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGSTOP)
    try:
        sys.exit(server.wait(STOPPED))
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGCONT)
