"""kills.md for a step summary or a comment: the totals, and the missing proofs."""

from cgi_conform.escaped import clipped
from cgi_conform.proof.kills_json import KILLED, PROVEN, SKIPPED, Kills, conclusion, exit_status, not_proven
from cgi_conform.report.markdown import code, plain, row

SHOWN = 200
_LINE = 300
_SIGN = {0: "✅", 1: "❌", 5: "⚠️"}


def text(kills: Kills) -> str:
    """Returns the Markdown text."""
    totals = kills["totals"]
    head = [row(["", "proven", "not proven", "skipped"]), row(["---", "---:", "---:", "---:"])]
    cases, faults, branches = not_proven(kills)
    kinds = (("cases", KILLED, len(cases)), ("faults", PROVEN, len(faults)), ("branches", PROVEN, len(branches)))
    rows = [[name, totals[name][good], missing, totals[name][SKIPPED]] for name, good, missing in kinds]
    parts = [
        f"## {_SIGN[exit_status(kills)]} Proof that every case can fail: {conclusion(kills)}",
        f"Profiles {' and '.join(f'`{profile}`' for profile in kills['profiles'])}, started by "
        f"{'root' if kills['user'] == 'root' else 'an ordinary user'}, suite {kills['suite']['version']}.",
        "\n".join([*head, *(row([str(cell) for cell in cells]) for cells in rows)]),
    ]
    left = _left(kills)
    if left:
        table = [row(["verdict", "what", "why"]), row(["---"] * 3), *(row(cells) for cells in left[:SHOWN])]
        parts.append("### Not proven\n\n" + "\n".join(table))
    if len(left) > SHOWN:
        parts.append(f"… and {len(left) - SHOWN} more; `kills.json` holds all of them.")
    return "\n\n".join(parts) + "\n"


def _left(kills: Kills) -> list[list[str]]:
    told: list[list[str]] = []
    cases, faults, branches = not_proven(kills)
    for case in cases:
        by = case["by"]
        why = case["note"] + (f" {by['what']}: expected {by['expected']}, got {by['got']}" if by else "")
        told.append([case["verdict"], f"{code(case['id'])} in {case['profile']}, fault {code(case['fault'])}", why])
    for fault in faults:
        told.append(["no kill", f"fault {code(fault['name'])}", f"kills no case ({fault['written']})"])
    for branch in branches:
        where = f"{code(branch['id'])} in {branch['profile']}, response {branch['response']}, {branch['status']}"
        told.append(["branch", where, branch["note"]])
    return [[verdict, what, plain(clipped(why.strip(), _LINE))] for verdict, what, why in told]
