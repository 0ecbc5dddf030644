"""badge.json: the endpoint badge for shields.io, one per profile."""

import json

from cgi_conform.judging.results import Results, exit_status, judged, part_in_words, red_cases

LABEL = {"cgihttpserver": "CGIHTTPServer", "rfc3875": "CGI/1.1"}


def text(results: Results) -> str:
    """Returns the JSON text of the badge."""
    message, colour = _verdict(results)
    badge = {"schemaVersion": 1, "label": LABEL[results["profile"]], "message": part_in_words(results) + message, "color": colour}
    return json.dumps(badge, indent=1) + "\n"


def _verdict(results: Results) -> tuple[str, str]:
    red = len(red_cases(results)) + len(results["stale"])
    ran, known = judged(results), results["suite"]["cases"]
    if "incomplete" in results:
        told = f"{red} of {max(ran, red)} failed, incomplete" if red else f"incomplete ({ran} of {known} cases)"
        return told, "red" if red else "lightgrey"
    if red:
        return f"{red} of {max(ran, red)} failed", "red"
    if exit_status(results):
        return "nothing ran", "lightgrey"
    if ran < known:
        return f"conforms ({ran} of {known} cases)", "green"
    return f"conforms ({ran} cases)", "brightgreen"
