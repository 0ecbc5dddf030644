"""wire [--connections N] [--seed TEXT] [--profile P]… (--server NAME | --command CMD): sends random requests to a server.

Starts the server in each profile with a small document root, plays the connections that the seed makes (grammar.py),
each with one to three requests, and judges every answer (verdict.py). In profile cgihttpserver, half of the connections
go to a server that keeps them open, if it can do so. At the end each server must be alive, must have as many
descriptors, threads and children as before, and must exit with status 0 and a log without control characters.

Exit status: 0 all is well; 1 an answer or the server is wrong; 2 usage; 3 the server did not start.
"""

import contextlib
import itertools
import multiprocessing
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.docroot import Docroot, scratch
from cgi_conform.commands.server_options import configure_started, started_server
from cgi_conform.errors import INTERRUPTED, UserError
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Instance, end_at_once
from cgi_conform.servers.launch import start
from cgi_conform.signals import ENDING, Interruption, handled
from cgi_conform.usage import Parser
from aftermath import quiet, wrong_at_end
from client import Silent, exchange, shell_line
from grammar import Talk, make
from tree import plant
from verdict import problem

SENDERS = 3  # processes that send at the same time
SHARE = 100  # connections that a sender gets at a time
MOST = 5  # wrong answers after which the run ends


@dataclass(frozen=True)
class Target:
    """A running server, and the connections for it."""

    name: str  # the profile or the variant
    seed: str
    count: int
    port: int
    root: Path

    def talk(self, number: int) -> Talk:
        """Returns a connection. It depends only on the seed, the name and the number."""
        return make(Random(f"{self.seed}/{self.name}/{number}"), keeps_open=self.name != PROFILES[0])

    def wrong_answer(self, number: int) -> str:
        """Plays a connection, and returns what is wrong with the answer, or ""."""
        talk = self.talk(number)
        try:
            wrong = problem(talk, exchange(talk, self.port), self.root)
        except Silent:
            wrong = "the server neither answered nor closed the connection"
        except ConnectionError as error:
            wrong = f"the server accepts no connection: {error.strerror}"
        return wrong and f"{self.name}, connection {number}: {wrong}\n  {shell_line(talk, self.port)}"

    def wrong_answers(self, numbers: range) -> list[str]:
        return list(itertools.islice(filter(None, map(self.wrong_answer, numbers)), MOST))

    def shares(self) -> list[tuple["Target", range]]:
        numbers = range(self.count)
        return [(self, numbers[at : at + SHARE]) for at in range(0, self.count, SHARE)]


def main(words: Sequence[str]) -> int:
    """Returns the exit status."""
    parser = Parser(prog="wire", description=__doc__)
    text = "connections for each profile (default: 200000)"
    parser.add_argument("--connections", type=int, default=200_000, metavar="N", help=text)
    parser.add_argument("--seed", default=secrets.token_hex(4), metavar="TEXT", help="makes the same requests again")
    text = "seconds without a change after which a server is quiet (default: 13; a thread of cgi-server ends after 10)"
    parser.add_argument("--quiet", type=float, default=13.0, metavar="S", help=text)
    parser.add_argument("--profile", action="append", choices=PROFILES, help="default: those of the server")
    configure_started(parser)
    options = parser.parse_all(words)
    if not options.server and not options.command:
        parser.error("name a server: --server NAME or --command 'CMD {port} {root}'")
    if options.connections < 1:
        parser.error(f'--connections "{options.connections}" is not a positive number')
    server = started_server(options)
    print(f"wire: --seed {options.seed}", flush=True)
    with handled(Interruption(end_at_once)), contextlib.ExitStack() as stack:
        begun: list[tuple[Instance, Target]] = []
        for profile in options.profile or server.profiles:
            variants = ["", "http11"] if profile == PROFILES[0] and "http11" in server.variants else [""]
            for variant in variants:
                instance, root = stack.enter_context(running(server.for_profile(profile), variant))
                count = -(-options.connections // len(variants))
                begun.append((instance, Target(variant or profile, options.seed, count, instance.port, root)))
        wrong = wrong_in(begun, options.quiet)
    for line in wrong:
        print(f"wire: {line}")
    return 1 if wrong else 0


@contextlib.contextmanager
def running(server: ServerDefinition, variant: str) -> Iterator[tuple[Instance, Path]]:
    """Starts the server on a document root of its own."""
    with scratch("cgi-wire-") as base:
        plant(base)
        instance = start(server, Docroot(base), variant)
        try:
            yield instance, base / "root"
        finally:
            instance.stop()


def wrong_in(begun: Sequence[tuple[Instance, Target]], patience: float) -> list[str]:
    """Plays all connections, and returns what is wrong with the answers and afterwards with the servers."""
    began = time.monotonic()
    instances = [instance for instance, _ in begun]
    shares = [[share for share in together if share] for together in itertools.zip_longest(*(t.shares() for _, t in begun))]
    with multiprocessing.get_context("fork").Pool(SENDERS, initializer=ignore_signals) as pool:
        wrong = played(pool.imap_unordered(play, shares[0]))  # now each server has what it keeps
        before = quiet(instances, patience)
        wrong = wrong or played(pool.imap_unordered(play, itertools.chain.from_iterable(shares[1:])))
    seconds, count = time.monotonic() - began, sum(target.count for _, target in begun)
    print(f"wire: {count} connections in {seconds:.0f} s", flush=True)
    return wrong[:MOST] + wrong_at_end(instances, patience, before)


def play(share: tuple[Target, range]) -> list[str]:
    """Plays connections in a process of the pool."""
    target, numbers = share
    return target.wrong_answers(numbers)


def played(results: Iterator[list[str]]) -> list[str]:
    """Returns the wrong answers. Waits for no more results if there are enough."""
    wrong: list[str] = []
    for more in results:
        wrong += more
        if len(wrong) >= MOST:
            break
    return wrong


def ignore_signals() -> None:
    """Leaves the end of a process of the pool to its parent."""
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as error:
        print(f"wire: {error.message}", file=sys.stderr)
        sys.exit(error.status)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
