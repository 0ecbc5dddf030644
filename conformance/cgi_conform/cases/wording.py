"""Puts the expectation of a case into words: pairs of what is checked and what it must be.

The names of what is checked are those of mismatches. described() of matcher.py words a single matcher.
"""

from collections.abc import Iterator

from cgi_conform.cases.answer import Answer, Expectation, Host
from cgi_conform.cases.matcher import Matcher, described
from cgi_conform.octets import printable


def asked(expectation: Expectation) -> list[tuple[str, str]]:
    """Returns pairs (what is checked, what it must be), in the order in which a person would check."""
    several = len(expectation.answers) > 1
    found: list[tuple[str, str]] = []
    for number, answer in enumerate(expectation.answers, 1):
        name = f"response {number}" if answer.connection == "main" else f"response {number} ({answer.connection})"
        found += [(f"{name}: {what}" if several else what, told) for what, told in _of(answer)]
    if expectation.log is not None:
        found.append(("log", in_words(expectation.log)))
    if expectation.host is not None:
        found += [(f"host.{what}", told) for what, told in bounds(expectation.host)]
    return found


def bounds(host: Host) -> Iterator[tuple[str, str]]:
    """Yields the limits for what is left behind on the machine, as pairs (what is checked, what it must be)."""
    for what, most in (("zombies", host.zombies), ("scripts", host.scripts), ("descriptors", host.descriptors)):
        if most is not None:
            yield what, f"{most} at most{' more than before' if what == 'descriptors' else ''}"
    if host.memory is not None:
        yield "memory", f"{host.memory} octets at most more than before"
    if host.written is not None:
        yield "written", f"nothing{''.join(f', except {name}' for name in host.written)}"
    if host.listening is not None:
        yield "listening", "the server listens" if host.listening else "nobody listens on the server's socket any more"
    if host.ended is not None:
        yield "ended", "the server has ended" if host.ended else "the server runs on"


def in_words(matcher: Matcher) -> str:
    """Returns a matcher in words, including presence and the number of lines."""
    if matcher.absent is not None:
        return "absent" if matcher.absent else "present"
    lines = [] if matcher.count is None else [f"{matcher.count} lines"]
    rest = described(matcher)
    return ", ".join(lines + ([rest] if rest != "present" or not lines else []))


def _of(answer: Answer) -> Iterator[tuple[str, str]]:
    if answer.status:
        yield "status", " or ".join(str(status) for status in answer.status)
    for what, matcher in (("reason", answer.reason), ("version", answer.version)):
        if matcher is not None:
            yield what, in_words(matcher)
    for name, matcher in answer.header.items():
        yield f"header.{name}", in_words(matcher)
    for what, matcher in (("body", answer.body), ("raw", answer.raw)):
        if matcher is not None:
            yield what, in_words(matcher)
    if answer.count is not None:
        yield "count", f"{answer.count} responses on the connection"
    if answer.closes is not None:
        yield "closes", "the server closes the connection" if answer.closes else "the connection stays open"
    if not answer.may_reset:
        yield "reset", "the connection is not reset"
    for name, matcher in answer.env.items():
        yield f"env.{name}", in_words(matcher)
    if answer.env_names is not None:
        yield "env-names", f"only {' '.join(answer.env_names)}"
    if answer.argv is not None:
        yield "argv", "[" + ", ".join(f'"{printable(word)}"' for word in answer.argv) + "]"
    for name, matcher in answer.probe.items():
        yield f"probe.{name}", in_words(matcher)
    if answer.within is not None:
        yield "within", f"the first octet within {answer.within:g} s"
