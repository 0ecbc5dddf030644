"""Clocks that jump: answers stay right, and no deadline comes early or late."""

import struct
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from test_cgi_server import IS_ROOT, PROGRAM, Started
from under_attack import SOUND, Attack, get, responses_to, timed, write_script

DAY = 86_400
YEARS = 20 * 365 * DAY
LIMIT = 3  # seconds: --header-timeout and --script-timeout
# A library for the server that adds the number of seconds in a file to the time of day, as if an operator had set it.
SHIFTED_TIME = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static const volatile long long *shift;
__attribute__((constructor)) static void begin(void) {
  shift = mmap(0, sizeof *shift, PROT_READ, MAP_SHARED, open(getenv("SHIFT"), O_RDONLY | O_CLOEXEC), 0);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += *shift;
  return result;
}
time_t time(time_t *there) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (there) *there = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval *now, void *zone) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}
"""


class Clock:
    """The time of day that the server sees."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "shift"
        self.file.write_bytes(bytes(8))
        self.library = folder / "shifted_time.so"
        source = folder / "shifted_time.c"
        source.write_text(SHIFTED_TIME)
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", self.library, source], check=True)

    def shift(self, seconds: int) -> None:
        with self.file.open("r+b") as file:
            file.write(struct.pack("q", seconds))

    def program(self) -> Sequence[object]:
        return ["env", f"SHIFT={self.file}", f"LD_PRELOAD={self.library}", PROGRAM]


def shift_seen(server: Started) -> float:
    """Returns how far the date of a response is from that of this process."""
    [response] = responses_to(server, b"GET /hello.txt HTTP/1.0\r\n\r\n")
    return parsedate_to_datetime(response.values("Date")[0].decode()).timestamp() - time.time()


HANGS = b"GET /cgi-bin/hang HTTP/1.0\r\n\r\n"
HALF = b"GET /hello.txt HTT"


def hold_the_deadlines(attack: Attack, server: Started, name: str, answers: list[tuple[bytes, float]]) -> None:
    (script, of_script), (head, of_head) = answers
    assert b" 504 " in script.splitlines()[0] and b" 408 " in head.splitlines()[0]
    for what, seconds in (("script", of_script), ("head", of_head)):
        attack.figure(f"{name}: end of a {what} with a limit of {LIMIT} s", seconds, "s", LIMIT + 3)
        assert seconds > LIMIT - 0.1


@pytest.mark.parametrize("way", ["forth", "back", "back and forth"])
def test_the_clock_is_set(attack: Attack, tmp_path: Path, way: str) -> None:
    write_script(attack.root, "hang", "exec sleep 600")
    clock = Clock(tmp_path)
    shifts = {"forth": [DAY, YEARS], "back": [-DAY, -YEARS], "back and forth": [YEARS, -YEARS] * 20}[way]
    words = ("--profile", "rfc3875", "--header-timeout", LIMIT, "--script-timeout", LIMIT)
    with attack.on(*words, program=clock.program()) as server, ThreadPoolExecutor(2) as pool:
        slow = pool.map(lambda request: timed(server, request), (HANGS, HALF))
        for shift in shifts:
            clock.shift(shift)
            assert abs(shift_seen(server) - shift) < 30
            assert {target: get(server, target) for target in SOUND} == SOUND
        hold_the_deadlines(attack, server, way, list(slow))
        attack.figure("times that the clock was set", len(shifts), "")


@pytest.mark.parametrize("since_boot", ["a second", "100 years"])
def test_the_machine_runs_since(attack: Attack, since_boot: str) -> None:
    """The clock of deadlines counts from the start of the machine. A time namespace sets it."""
    if not IS_ROOT:
        pytest.skip("needs root for a time namespace")
    write_script(attack.root, "hang", "exec sleep 600")
    offset = 1 - int(time.monotonic()) if since_boot == "a second" else 100 * 365 * DAY
    program = ["unshare", "--time", "--monotonic", str(offset), "--boottime", str(offset)]
    if subprocess.run([*program, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine gives no time namespace")
    words = ("--profile", "rfc3875", "--header-timeout", LIMIT, "--script-timeout", LIMIT)
    with attack.on(*words, program=[*program, PROGRAM]) as server, ThreadPoolExecutor(2) as pool:
        hold_the_deadlines(attack, server, since_boot, list(pool.map(lambda each: timed(server, each), (HANGS, HALF))))
