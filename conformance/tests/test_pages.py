"""The pages in a browser: filter, links, keyboard, width, colours. Chromium runs without a window, on files only."""

import os
from pathlib import Path

import pytest

from browser import NEEDS_CHROMIUM, Browser, contrast
from cgi_conform.judging.matrix import Absent
from cgi_conform.judging.results import Results, assembled
from cgi_conform.report.matrix import write_site
from sample_run import CASES, CLAUSES, STALE, case_of, result_of

pytestmark = NEEDS_CHROMIUM
LONG = "word" * 60
RULE = "rules/seed/post-outside-cgi-is-501.html"
RUN = "runs/good/cgihttpserver/index.html"


def run_of(name: str) -> Results:
    """Returns a run with a case of every verdict, and one with words that are longer than a line."""
    results = [result_of(case, each.partition("/")[2]) for each, case in CASES.items()]
    long = result_of(case_of("topic-8/long"), "fail", title=LONG, note=LONG, fault=LONG, again=f"printf '{LONG}'")
    results += [long, result_of(case_of("topic-8/weak"), "warn", level="recommended")]
    stale = {**STALE, "glob": LONG}
    server = {"name": name, "title": name, "version": LONG}
    return assembled(server, "cgihttpserver", "user", 12, results, [stale])  # type: ignore[arg-type, list-item]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    absent = Absent({"name": "gone", "title": "Gone", "version": ""}, "rfc3875", f"not installed (looked for {LONG})")
    clause = next(iter(CLAUSES.values()))
    unreached = type(clause)("seed/unreached", "seed", "fact", LONG, "https://example.com", unreached=LONG)
    clauses = {**CLAUSES, unreached.id: unreached}
    findings = {"good": f"# {LONG}\n\n```\n{LONG}\n```\n\n| {LONG} |\n|---|\n| {LONG} |\n"}
    write_site(folder, [run_of("good"), run_of("other")], [absent], CASES, clauses, findings)
    return folder


def pages(site: Path) -> list[Path]:
    """Returns the pages of a site, but of many rules only some."""
    rules = sorted(site.glob("rules/*/*.html"))
    others = [path for pattern in ("*.html", "servers/*.html", "runs/*/*/index.html") for path in sorted(site.glob(pattern))]
    return [*others, *rules[:: max(1, len(rules) // 20)]]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.parametrize("width", [360, 1440])
def test_no_page_scrolls_sideways_or_asks_for_anything_outside(browser: Browser, site: Path, width: int, scheme: str) -> None:
    """CGI_CONFORM_SITE may name another site to test."""
    site = Path(os.environ.get("CGI_CONFORM_SITE", site)).absolute()
    browser.look(width, scheme)
    browser.requests()
    for page in pages(site):
        browser.open(page)
        browser.ask("for (const one of document.querySelectorAll('details')) one.open = true")
        browser.wait_for("return [...document.querySelectorAll('details')].every((one) => one.children.length > 1)")
        # The cells of a matrix become as wide as those of a run of all cases.
        browser.ask("for (const one of document.querySelectorAll('.matrix td a')) one.innerHTML = '<b>449</b><small>/455</small>'")
        wide, room = browser.ask("return [document.scrollingElement.scrollWidth, innerWidth]")
        assert (page, room) == (page, width) and wide <= room, page
        assert browser.ask("return [document.querySelectorAll('main').length, document.querySelectorAll('h1').length]") == [1, 1]
    asked = [url for url in browser.requests() if url != "about:blank"]
    assert len(asked) >= len(pages(site)) > 4
    assert [url for url in asked if not url.startswith(site.as_uri())] == []


def test_verdicts_are_readable_in_both_colour_schemes_and_have_signs(browser: Browser, site: Path) -> None:
    script = """return [...document.querySelectorAll('.tally b, .tally')].map((one) => {
      const style = getComputedStyle(one), page = getComputedStyle(document.body).backgroundColor;
      const sign = getComputedStyle(one, '::before').content;
      const clear = style.backgroundColor === 'rgba(0, 0, 0, 0)';
      return [one.textContent, style.color, clear ? page : style.backgroundColor, one.matches('b') ? sign : 'none'];
    })"""
    seen = []
    for scheme in ("light", "dark"):
        browser.look(1440, scheme)
        browser.open(site / RUN)
        found = browser.ask(script)
        assert len(found) > 8
        assert [text for text, colour, behind, _ in found if contrast(colour, behind) < 4.5] == []
        assert [text for text, _, _, sign in found if sign.startswith('""')] == []
        seen.append(found[0][2])
    assert seen[0] != seen[1]


def test_the_filter_of_a_run_shows_what_fits_and_lives_in_the_url(browser: Browser, site: Path) -> None:
    browser.open(site / RUN)
    everything = browser.visible("details")
    assert len(everything) == len(CASES) + 2
    browser.choose("verdict", "warn")
    assert browser.visible("details") == ["topic-2/warn", "topic-8/weak"]
    browser.choose("level", "recommended")
    browser.choose("topic", "topic-8")
    assert browser.visible("details") == ["topic-8/weak"]
    assert browser.ask("return location.search") == "?verdict=warn&level=recommended&topic=topic-8"
    browser.driver.refresh()
    assert browser.visible("details") == ["topic-8/weak"]
    browser.ask("document.querySelector('#filter button').click()")
    assert (browser.visible("details"), browser.ask("return location.search")) == (everything, "")
    browser.choose("text", "because of skip")  # words of the details, which no element holds yet
    assert browser.visible("details") == ["topic-0/skip"] or len(browser.visible("details")) == 1
    assert browser.ask("return document.getElementById('shown').textContent") == f"1 of {len(everything)} shown"


def test_a_link_to_a_case_opens_it_even_if_the_filter_hides_it(browser: Browser, site: Path) -> None:
    browser.open(site / RUN, "?verdict=fail#topic-0/pass")
    assert "topic-0/pass" in browser.visible("details")
    browser.wait_for("return document.getElementById('topic-0/pass').querySelector('pre.again button') !== null")
    assert browser.ask("return document.activeElement.id") == "topic-0/pass"
    assert browser.ask("return document.getElementById('topic-0/pass').textContent").count("POST is answered with 501") == 1


def test_the_keyboard_reaches_the_content_the_filter_and_the_cases(browser: Browser, site: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(site / RUN)
    browser.press(Keys.TAB)
    assert browser.ask("return document.activeElement.textContent") == "Skip to the content"
    assert browser.ask("return document.activeElement.getBoundingClientRect().left") >= 0
    browser.press(Keys.TAB)
    assert browser.ask("return document.activeElement.name") == "verdict"
    assert browser.ask("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for _ in range(3):  # on a busy machine, the browser may lose the second key
        browser.open(site / RUN)
        browser.press(Keys.TAB, Keys.ENTER)
        browser.wait_for("return document.activeElement.id === 'main'")
        browser.press(Keys.TAB)
        link = browser.ask("return document.activeElement.closest('main') && document.activeElement.getAttribute('href')")
        if link:
            break
    assert link.startswith("#topic-")
    browser.ask("document.querySelector(\"[id='topic-0/pass'] summary\").focus()")
    browser.press(Keys.ENTER)
    browser.wait_for("const one = document.getElementById('topic-0/pass'); return one.open && one.children.length > 1")


CELL = """const row = [...document.querySelectorAll('[data-row]')].find((one) => one.querySelector('a').textContent === arguments[0]);
const link = row.querySelector(`td[data-area="${arguments[1]}"] a`);
return link.hidden ? null : [link.querySelector('b').textContent, link.parentElement.className, link.href]"""


def test_the_filter_of_the_first_page_changes_rows_columns_numbers_and_links(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    number, verdict, _ = browser.ask(CELL, "good", "seed")
    assert (number, verdict) == ("3", "fail")  # two cases that fail, and a known failure
    browser.choose("level", "recommended")
    number, verdict, link = browser.ask(CELL, "good", "seed")
    assert (number, verdict) == ("2", "warn") and link.endswith("servers/good.html?profile=cgihttpserver&area=seed&level=recommended")
    browser.choose("verdict", "pass")
    assert browser.ask(CELL, "good", "seed") is None
    browser.choose("text", "good")
    assert browser.ask("return [...document.querySelectorAll('[data-row]')].filter((one) => one.offsetParent).length") == 1
    assert browser.ask("return location.search") == "?level=recommended&verdict=pass&text=good"
    browser.open(site / "index.html", "?area=none-such")
    assert browser.ask("return document.getElementById('shown').textContent") == "3 of 3 rows shown"


def test_a_cell_leads_to_the_cases_of_that_area_and_level(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    browser.choose("level", "recommended")
    browser.ask("document.querySelector('td[data-area=seed] a').click()")
    browser.wait_for("return location.pathname.endsWith('/servers/good.html') && document.readyState === 'complete'")
    assert browser.visible("main li") == ["cgihttpserver:topic-2/warn", "cgihttpserver:topic-8/weak"]


def test_the_link_to_a_case_of_a_rule_scrolls_to_it_and_a_blocked_case_opens_its_cause(browser: Browser, site: Path) -> None:
    browser.open(site / RULE, "#topic-8/long")
    top = "return Math.abs(document.getElementById(arguments[0]).getBoundingClientRect().top) < innerHeight"
    assert browser.ask(top, "topic-8/long")
    blocked = next(name for name in CASES if name.endswith("/blocked"))
    browser.open(site / "servers/good.html", f"#cgihttpserver:{blocked}")
    assert f"cgihttpserver:{blocked}" in browser.visible("li")
