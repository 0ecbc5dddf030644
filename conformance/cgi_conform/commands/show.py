"""`cgi-conform show ID`: prints a case for a person: the rule, the octets, and three answers.

The three answers are: the one that the rule asks for, those of the recorded CPythons (versions that agree share an
entry), and the one of the last run. They stand side by side if the terminal is wide enough, else below each other.

With the id of a clause, it prints the clause, the cases that cite it, their faults, and the code that it marks.
"""

import argparse
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case, Step
from cgi_conform.cases.clauses import Clause, load_clauses
from cgi_conform.cases.load import case_ids, load_cases
from cgi_conform.cases.locations import fault_files, line_of, shown_file, table_locations
from cgi_conform.cases.marks import all_marks
from cgi_conform.cases.reproduce import Reach, bash_line, curl_line, shell_line
from cgi_conform.cases.script_suffix import check_suffix, with_suffix
from cgi_conform.cases.wording import asked
from cgi_conform.columns import in_columns
from cgi_conform.commands.server_options import configure_suffix
from cgi_conform.did_you_mean import closest
from cgi_conform.errors import NOTHING_RAN, UserError
from cgi_conform.escaped import clipped, lines
from cgi_conform.judging.agreements import Agreement, agreements, first_lines
from cgi_conform.judging.recordings import read_recordings
from cgi_conform.judging.results import CaseResult, Results, read, server_line
from cgi_conform.numbers import whole_number
from cgi_conform.octets import printable
from cgi_conform.paths import REPO, build, fixtures
from cgi_conform.report.rule_page import clause_lines, fault_line, rule_page
from cgi_conform.servers.definition import server_names
from cgi_conform.typed import typed

_WIDE = 100
_INDENT = "  "


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `show`."""
    parser.add_argument("id", metavar="ID",
                        help="the id of a case, such as post/plain-file, or of a clause")  # fmt: skip
    parser.add_argument("--profile", choices=PROFILES, help=f"the profile to show (default: {PROFILES[0]} if it has the case)")
    configure_suffix(parser)
    parser.add_argument("--port", type=whole_number(1, 65535), metavar="N", help="the port of your server, for the lines to paste")
    parser.add_argument("--results", type=Path, metavar="FILE",
                        help="the results.json to compare with (default: in a checkout, that of the last ci/conform)")  # fmt: skip


def main(options: argparse.Namespace) -> int:
    """Prints one case or one clause."""
    width = max(40, min(shutil.get_terminal_size((100, 24)).columns, 160))
    clauses = load_clauses(fixtures() / "clauses.toml")
    where = table_locations(fixtures() / "clauses.toml", *fault_files())
    if options.id in clauses:
        cases = load_cases(fixtures() / "cases")
        marks = all_marks(REPO) if REPO else None
        print(rule_page(clauses[options.id], cases, marks, where, width), end="")
        return 0
    try:
        case = load_cases(fixtures() / "cases", [options.id])[0]
    except UserError as error:
        if error.status == NOTHING_RAN:
            raise UserError(unknown(options.id, case_ids(fixtures() / "cases"), clauses), NOTHING_RAN) from None
        raise
    suffix = check_suffix(options.script_suffix or "")
    [case] = with_suffix([case], suffix, fixtures())
    profile = options.profile if options.profile in case.expect else next(iter(case.expect))
    run = _last_run(options.results)
    recorded = agreements(read_recordings(fixtures(), case.topic), case.id, profile)
    print(page(case, profile, clauses, recorded, run, width, options.port, where, suffix), end="")
    return 0


def _last_run(named: Path | None) -> Results | None:
    """Returns the results in the named file. Without a name, returns those of the last ci/conform, or None."""
    tree = build()
    usual = tree / "report" / "results.json" if tree else None
    if named is not None:
        return read(named)
    return read(usual) if usual is not None and usual.exists() else None


def unknown(word: str, cases: Iterable[str], clauses: Iterable[str]) -> str:
    """Returns the message for a word that is neither a case nor a clause, with the nearest of both kinds."""
    near = {"case": closest(word, cases), "clause": closest(word, clauses)}
    hints = " or ".join(f'{kind} "{found}"' for kind, found in near.items() if found)
    return f'no case matches "{word}", and no clause has this id ' + (
        f"(did you mean {hints}?)" if hints else "(cgi-conform list and cgi-conform coverage show them)"
    )


def page(
    case: Case,
    profile: str,
    clauses: Mapping[str, Clause],
    recorded: Sequence[Agreement],
    run: Results | None,
    width: int = 100,
    port: int | None = None,
    where: Mapping[str, str] = MappingProxyType({}),
    suffix: str = "",
) -> str:
    """Returns the text about a case."""
    parts = [_heading(case, profile, where, width), *_rules(case.clauses_in(profile), clauses, where, width), "", *_steps(case), ""]
    columns = [("the rule", wanted(case, profile))]
    if recorded:
        columns.append(("CPython", [line for agreement in recorded for line in _agreement(agreement)]))
    result = _of_run(case, profile, run)
    if run is not None and result is not None:
        columns.append((f"last run ({server_line(run['server'])})", _seen(result)))
    parts += beside(columns, width) if width >= _WIDE else below(columns, width)
    parts += ["", "again", *(_INDENT + line for line in _again(case, profile, run, port, suffix))]
    return "\n".join(parts) + "\n"


def _again(case: Case, profile: str, run: Results | None, port: int | None, suffix: str) -> list[str]:
    """Returns the lines that repeat the case and, if no port is known, the command that starts a server."""
    name = run["server"]["name"] if run is not None and run["server"]["name"] in server_names() else "NAME"
    more = [] if profile == PROFILES[0] else ["--profile", profile]
    more += ["--script-suffix", suffix] if suffix else []
    reach = Reach(port=port or "PORT", server=" ".join(["--server", name, *more]))
    lines = [reach.fill(line) for line in (shell_line(case), bash_line(case), curl_line(case)) if line]
    if port is None and any("PORT" in line for line in lines):
        more += ["--variant", case.variant] if case.variant else []
        lines.append("(PORT: the port of your server; show --port N fills it in. To start a server:)")
        lines.append(" ".join(["cgi-conform serve", name, *more, "--port 8000"]))
    return [typed(line) for line in lines]


def _heading(case: Case, profile: str, where: Mapping[str, str], width: int) -> str:
    facts = [_judged_in(case, profile), case.expect[profile].level, *(f"needs {need}" for need in (*case.needs, *case.presupposes))]
    facts += [f"see {text}" for text in case.see]
    facts += [f"skipped: {case.unsuitable}"] if case.unsuitable else []
    named = f"{case.id}  {shown_file(case)}:{line_of(case)}"
    broken = f"broken by {fault_line(case.fault_in(profile), where)}"
    return "\n".join([named, *textwrap.wrap(case.title_in(profile), width), *textwrap.wrap(", ".join(facts), width), broken])


def _judged_in(case: Case, profile: str) -> str:
    """Returns the shown profile, and the other one if it has the case too."""
    others = [f"also in {other}: --profile {other}" for other in case.expect if other != profile]
    return f"profile {profile} ({others[0] if others else 'only'})"


def _rules(names: Sequence[str], clauses: Mapping[str, Clause], where: Mapping[str, str], width: int) -> list[str]:
    told: list[str] = []
    for name in names:
        told += ["", *clause_lines(name, clauses.get(name), where, width)]
    return told


def _steps(case: Case) -> list[str]:
    """Returns what the client sends and does, step by step."""
    told: list[str] = []
    several = len(case.connections) > 1
    for step in case.steps:
        told.append(f"sent on {step.connection}" if several else "sent")
        told += [_INDENT + line for line in _step(step)]
    for name, value in case.environment.items():
        told.append(f"the server starts with {name}={printable(value)} in its environment")
    return told


def _step(step: Step) -> list[str]:
    told: list[str] = []
    if step.await_bytes is not None:
        told.append(f"(after the client has received {printable(step.await_bytes)})")
    if step.pause:
        told.append(f"(after {step.pause:g} s)")
    told += lines(clipped(printable(step.send), 2000))
    if step.body is not None:
        told.append(f"(then {printable(step.body.repeat)} {step.body.times} times)")
    if step.read_late:
        told.append("(the client has a small receive buffer and reads it only after the server stops sending)")
    if step.wait_blocked is not None:
        told.append("(then the client reads nothing until the script is blocked or ends)")
    ends = {"half-closed": step.half_close, "closed": step.close, "reset": step.reset}
    told += [f"(then {end} by the client)" for end, holds in ends.items() if holds]
    if step.signal:
        told.append(f"(then SIG{step.signal} to the server)")
    if step.start == "again":
        told.append("(then SIGTERM ends the server, and it is started again on the same port)")
    if step.start == "second":
        told.append("(then a second server is started on the same port)")
    if step.wait_gone is not None:
        told.append(f"(then the script must end within {step.wait_gone:g} s)")
    return told


def wanted(case: Case, profile: str) -> list[str]:
    """Returns the expectations of the profile, one per line."""
    return [f"{what} {told}" for what, told in asked(case.expect[profile])]


def _agreement(agreement: Agreement) -> list[str]:
    rest = [] if agreement.identical else [_INDENT + "(the rest differs between them)"]
    heads = _heads(each.octets for each in agreement.answer.received)
    unlike = [_INDENT + clipped(agreement.unlike, 200)] if agreement.unlike else []
    return [f"{agreement.servers}: {_word(agreement.answer.saw)}", *heads, *unlike, *rest]


def _word(saw: int | str | None) -> str:
    return f"status {saw}" if isinstance(saw, int) else str(saw or "nothing")


def _heads(received: Iterable[str]) -> list[str]:
    return [_INDENT + clipped(line, 200) for line in first_lines(received)]


def _of_run(case: Case, profile: str, run: Results | None) -> CaseResult | None:
    if run is None or run["profile"] != profile:
        return None
    return next((result for result in run["cases"] if result["id"] == case.id), None)


def _seen(result: CaseResult) -> list[str]:
    told = [result["verdict"] + (f": {result['note']}" if result["note"] else "")]
    told += [] if result["saw"] is None else [_word(result["saw"])]
    told += [f"{item['what']} {item['got']}" for item in result["mismatches"] if item["what"] != "status"]
    return told + _heads(each["bytes"] for each in result["received"])


def beside(columns: Sequence[tuple[str, list[str]]], width: int) -> list[str]:
    """Returns the columns side by side, equally wide."""
    room = (width - 2 * (len(columns) - 1)) // len(columns)
    cells = [_wrapped([title, "-" * min(len(title), room), *told], room) for title, told in columns]
    rows = [[cell[number] if number < len(cell) else "" for cell in cells] for number in range(max(map(len, cells)))]
    return in_columns(rows, width=room)


def below(columns: Sequence[tuple[str, list[str]]], width: int) -> list[str]:
    """Returns the columns below each other."""
    told: list[str] = []
    for title, cell in columns:
        told += [title, *(_INDENT + line for line in _wrapped(cell, width - len(_INDENT)))]
    return told


def _wrapped(told: list[str], room: int) -> list[str]:
    wrap = textwrap.TextWrapper(room, subsequent_indent=_INDENT, break_on_hyphens=False)
    return [line for text in told for line in wrap.wrap(text) or [""]]
