"""Finds out if a server that is mostly red in the profile cgihttpserver fits rfc3875 better, from a sample of cases.

Servers that follow CGI/1.1 break many rules of CGIHTTPServer on purpose: the two profiles contradict each other.
"""

from dataclasses import replace

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.load import load_cases
from cgi_conform.errors import UserError
from cgi_conform.judging.results import Results, exit_status, judged
from cgi_conform.paths import fixtures
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.running.session import carry_out

_DEFAULT, _OTHER = PROFILES
_FEWEST = 50  # cases: fewer say little about a server
_SAMPLE = 25  # of the cases of the other profile, about one in so many is tried
_MOSTLY = 2 / 3  # the share of green cases that is too small in the one profile, and enough in the other


def better_profile(options: Options, results: Results) -> str:
    """Returns a line if the other profile would fit the server of a run better, or ""."""
    if results["profile"] != _DEFAULT or exit_status(results) != 1 or judged(results) < _FEWEST or _green(results) >= _MOSTLY:
        return ""
    chosen = replace(options, profile=_OTHER, expect=None, sample=_SAMPLE, shuffle=None, skip=[])
    sample = [case for case in load_cases(fixtures() / "cases") if _OTHER in case.expect and chosen.samples(case.id)]
    try:
        found = carry_out(chosen, make_plan(chosen), sample).results
    except UserError:  # the server cannot be judged in that profile, or does not start
        return ""
    if not judged(found) or _green(found) < _MOSTLY:
        return ""
    passed, number = found["totals"]["pass"], judged(found)
    return f"this server may follow CGI/1.1 instead: {passed} of {number} cases tried in profile {_OTHER} pass (--profile {_OTHER})"


def _green(results: Results) -> float:
    """Returns the share of the green cases among those that are not skipped."""
    counts = results["totals"]
    return counts["pass"] / max(1, counts["selected"] - counts["skip"])
