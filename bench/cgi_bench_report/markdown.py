"""summary.md: the medians as a Markdown table, for a README or the summary of a CI step."""

from collections.abc import Sequence
from pathlib import Path

from cgi_bench_report.results import CEILING, ReportError, Results
from cgi_bench_report.view import Row, noise, number, percent, rows

BEGIN, END = "<!-- benchmark: written by ci/bench --readme -->\n", "<!-- end of benchmark -->"


def table(results: Results, reference: str, names: Sequence[str], shown: Sequence[str]) -> str:
    """Returns a table of points and targets: requests per second, and for scripts the share of the ceiling.

    `shown` are the targets that have a column, in this order.
    """
    targets = [name for name in shown if name not in results.invalid]
    others = [name for name in targets if name != reference]
    ratios = [f"{reference} ÷ {name}" for name in others] if reference in targets else []
    lines = [
        "| requests/s (share of the ceiling) | " + " | ".join([*(f"`{name}`" for name in targets), *ratios]) + " |",
        "|---|" + "--:|" * (len(targets) + len(ratios)),
    ]
    for name in names:
        point = results.points[name]
        if point.is_open_loop:  # all servers have the same rate there
            continue
        found = {row.target: row for row in rows(point, results, reference)}
        cells = [_cell(found.get(target)) for target in targets]
        cells += [_ratio(results, name, reference, target) for target in others if ratios]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    text = "\n".join(lines) + "\n"
    for target, why in results.invalid.items():
        text += f"\n`{target}` is INVALID and not compared: {why}\n"
    return text


def cpu_table(results: Results, reference: str, names: Sequence[str]) -> str:
    """Returns a table of the processor time per request, in microseconds; nothing if none was measured."""
    targets = [name for name in results.targets if name not in results.invalid]
    others = [name for name in targets if name != reference and reference in targets]
    lines = []
    for name in names:
        found = {row.target: row for row in rows(results.points[name], results, reference)}
        if not any(row.median("server_cpu_us") for row in found.values()):
            continue
        cells = [number(found[target].median("server_cpu_us")) if target in found else "–" for target in targets]
        for other in others:
            back = {row.target: row for row in rows(results.points[name], results, other)}.get(reference)
            cells.append("–" if back is None or back.cpu_versus is None else str(back.cpu_versus))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if not lines:
        return ""
    head = [*(f"`{name}`" for name in targets), *(f"{reference} ÷ {name}" for name in others)]
    return "\n".join(["| µs per request | " + " | ".join(head) + " |", "|---|" + "--:|" * len(head), *lines]) + "\n"


def footprint_table(results: Results, names: Sequence[str]) -> str:
    """Returns a table of memory and threads at the points with a fresh server; nothing if there is none."""
    targets = [name for name in results.targets if name not in results.invalid]
    lines: list[str] = []
    for name in names:
        found = {row.target: row for row in rows(results.points[name], results, "")}
        if not any(row.median("rest_threads") for row in found.values()):
            continue
        for title, kind in (("at rest", "rest"), (name, "server")):
            if title == name or not lines:
                cells = [_footprint(found.get(target), kind) for target in targets]
                lines.append(f"| {title} | " + " | ".join(cells) + " |")
    if not lines:
        return ""
    head = "| MB (threads) | " + " | ".join(f"`{name}`" for name in targets) + " |"
    return "\n".join([head, "|---|" + "--:|" * len(targets), *lines]) + "\n"


def _footprint(row: Row | None, kind: str) -> str:
    threads = row.median(f"{kind}_threads") if row else None
    if row is None or threads is None:
        return "–"
    return f"{number(row.median(f'{kind}_memory_mb'))} ({threads:.0f})"


def servers_table(results: Results) -> str:
    """Returns a list of the servers, with version, processes and threads at rest, and the source of processor time."""
    lines = []
    for name in results.targets:
        facts = [results.about(name), results.rest(name)]
        if source := results.context.get(f"cpu {name}"):
            facts.append(f"processor time from {source}")
        if any(facts):
            lines.append(f"* `{name}`: " + "; ".join(fact for fact in facts if fact))
    return "\n".join(lines) + "\n" if lines else ""


def _cell(row: Row | None) -> str:
    if row is None or row.rate is None:
        return "–"
    share = f" ({percent(row.share)})" if row.share is not None else ""
    return f"{number(row.rate)}{share}{' ⚠' if row.notes else ''}"


def _ratio(results: Results, name: str, reference: str, other: str) -> str:
    row = next((row for row in rows(results.points[name], results, other) if row.target == reference), None)
    return "–" if row is None or row.versus is None else str(row.versus)


def caption(results: Results) -> str:
    """Returns the lines below the table: how the figures were measured, and the noise."""
    context = results.context
    repetitions = max(
        (len(measured.values("requests_per_second")) for point in results.points.values() for measured in point.targets.values()),
        default=0,
    )
    commit = f", commit {context['commit']}" if context.get("commit") else ""
    return (
        f"The figures are medians of {repetitions} interleaved runs on {context.get('num_cpus', '?')} × "
        f"{context.get('processor', 'an unknown processor')}, with the client on the same machine{commit}. Each ratio has "
        f"its 95 % interval. The {CEILING} runs the same script without any server.\n"
        + "".join(f"\n{sentence}\n" for sentence in noise(results))
    )


def write_between(file: Path, text: str) -> None:
    """Replaces the text between the marks in a file."""
    try:
        old = file.read_text("utf-8")
    except OSError as error:
        raise ReportError(f'"{file}": {error.strerror}') from None
    before, mark, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ReportError(f'"{file}" has no marks "{BEGIN.strip()}" and "{END}" (add both lines)')
    file.write_text(before + BEGIN + text + END + after, "utf-8")
