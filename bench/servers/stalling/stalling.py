"""Runs a command and stops it (SIGSTOP) again and again. Garbage collection or swapping look the same to a client.

The closed loop of cgi-bench hardly shows this, because a client that waits sends no request. The open loop shows it.
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
