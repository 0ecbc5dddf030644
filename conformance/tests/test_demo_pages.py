"""The site of cgi-server --demo in Chromium: each example by link, form and keyboard, in both profiles."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from browser import NEEDS_CHROMIUM, Browser, contrast
from test_cgi_server import IS_ROOT, PROGRAM, launched
from test_demo import MARKUP, SCRIPTS, cksum, demo_place

pytestmark = [
    *NEEDS_CHROMIUM,
    pytest.mark.skipif(not PROGRAM.exists(), reason="cgi-server is not built (ci/build)"),
    pytest.mark.long,
]
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
FRAME = "const one = document.getElementsByName(`${arguments[0]}-result`)[0].contentDocument?.documentElement;"
SHOWS = f"{FRAME} return one?.ownerDocument.readyState === 'complete' && one.textContent.includes(arguments[1])"
COLOURS = """return [...document.querySelectorAll('h1, h2, p, code, pre, pre i, figcaption, .run a, .run button, nav a')].map((one) => {
  let behind = one;
  while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
  return [one.outerHTML.slice(0, 60), getComputedStyle(one).color, getComputedStyle(behind).backgroundColor];
})"""


@dataclass(frozen=True)
class Page:
    """The page of the demo in the browser."""

    browser: Browser
    url: str
    profile: str

    def click(self, text: str) -> None:
        """Clicks a link or a button of the page, or of the frame that is chosen."""
        from selenium.webdriver.common.by import By

        self.browser.driver.find_element(By.XPATH, f"//a[.='{text}'] | //button[.='{text}']").click()

    def shows(self, example: str, text: str) -> None:
        """Waits until the result of an example is complete and holds the text."""
        self.browser.driver.switch_to.default_content()
        self.browser.wait_for(SHOWS, example, text)

    def enter(self, example: str) -> None:
        """Chooses the frame of a result."""
        self.browser.driver.switch_to.default_content()
        self.browser.driver.switch_to.frame(f"{example}-result")

    def type(self, name: str, text: str) -> None:
        from selenium.webdriver.common.by import By

        self.browser.driver.find_element(By.NAME, name).send_keys(text)

    def logged(self) -> list[str]:
        return [entry["message"] for entry in self.browser.driver.get_log("browser")]


# The page before a click is the same for each user and profile, so one server is enough for its tests.
ANY_SERVER = pytest.mark.parametrize("address", [("user", "cgihttpserver")], ids="-".join, indirect=True)
SERVERS = [("user", "cgihttpserver"), ("root", "rfc3875")]


@pytest.fixture(scope="module", params=SERVERS, ids="-".join)
def address(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Yields the URL of a demo that root or an ordinary user started, and its profile."""
    user, profile = request.param
    if user == "root" and not IS_ROOT:
        pytest.skip("needs root: only then scripts run as another user")
    with demo_place() as place:
        program = PROGRAM
        command: tuple[object, ...] = (program,)
        if user == "user" and IS_ROOT:
            place.chmod(0o777)
            command = (*NOBODY, shutil.copy(PROGRAM, place))
        environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(place)}
        with launched(*command, "0", "--demo", "--profile", profile, env=environment) as server:
            yield f"http://127.0.0.1:{server.port}/", profile
            assert server.end()[0] == 0
        (place / PROGRAM.name).unlink(missing_ok=True)


@pytest.fixture
def page(browser: Browser, address: tuple[str, str]) -> Iterator[Page]:
    browser.visit(address[0])
    yield Page(browser, *address)
    browser.driver.switch_to.default_content()


def test_environment_shows_the_parts_of_the_request(page: Page) -> None:
    page.shows("environment", "GATEWAY_INTERFACE=CGI/1.1\n")
    page.click("Run with a path and a query")
    page.shows("environment", "PATH_INFO=/a/path\n")
    page.shows("environment", "QUERY_STRING=colour=green\n")
    page.click("Run with arguments")
    page.shows("environment", "arguments: two words\n")
    page.shows("environment", "/site/cgi-bin\n" if page.profile == "rfc3875" else "directory: ")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_form_shows_markup_as_text(page: Page, method: str) -> None:
    page.enter("form")
    page.type("name", MARKUP)
    page.click(method)
    page.shows("form", f"Hello, {MARKUP}!")
    page.shows("form", f"{method} sent name={quote_plus(MARKUP)}")
    page.browser.wait_for(f"{FRAME} return one?.querySelector('input')?.value === arguments[1]", "form", MARKUP)
    assert page.browser.ask(f"{FRAME} return one.querySelectorAll('script').length", "form") == 0
    page.click("A name with markup")
    page.shows("form", "Hello, Ada & <b>Grace</b>!")


def test_upload_tells_the_size_and_the_checksum(page: Page, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "some & <b>.bin").write_bytes(content)
    page.enter("upload")
    page.type("file", str(tmp_path / "some & <b>.bin"))
    page.click("Upload")
    page.shows("upload", f"name   some & <b>.bin\nsize   256000 octets\ncksum  {cksum(content)}\n")
    page.browser.ask("document.querySelector('#upload .run a').click()")
    page.shows("upload", "A file")


def test_the_clock_shows_a_line_before_its_script_ends(page: Page) -> None:
    page.click("Start the clock")
    page.browser.wait_for(f"{FRAME} return /:\\d\\d/.test(one?.textContent)", "clock")
    assert page.browser.ask(f"{FRAME} return one.ownerDocument.readyState", "clock") != "complete"


def test_images_have_the_petals_of_their_links(page: Page) -> None:
    assert page.browser.ask("return document.querySelector('header img').naturalWidth") > 0
    for petals in (3, 5, 9):
        page.click(f"{petals} petals")
        page.shows("image", f"A flower with {petals} petals")
        page.browser.wait_for(f"{FRAME} return one?.querySelectorAll('ellipse').length === arguments[1]", "image", petals)


def test_the_counter_counts_posts_only(page: Page) -> None:
    count = f"{FRAME} return one?.querySelector('output')?.textContent"
    counted = count.replace("return ", "return arguments[1] === ")
    page.click("Show the count")
    page.shows("counter", "Count")
    before = int(str(page.browser.wait_for(count, "counter")))
    for more in (1, 2):
        page.enter("counter")
        page.click("Count")
        page.browser.driver.switch_to.default_content()
        page.browser.wait_for(counted, "counter", str(before + more))
    page.click("Show the count")
    page.browser.wait_for(counted, "counter", str(before + 2))


def test_refusals_show_their_status(page: Page) -> None:
    for button, example, told in (
        ("Run the locked script", "locked", "Error code: 403"),
        ("POST to a plain file", "method", "Error code: 501"),
    ):
        page.click(button)
        page.shows(example, told)
        status = told.rpartition(" ")[2]
        assert [f"status of {status}" in line for line in page.logged()] == [True]


@pytest.mark.parametrize("link", ["Redirect by the browser", "Redirect inside the server"])
def test_a_redirect_does_what_the_profile_says(page: Page, link: str) -> None:
    page.click(link)
    page.shows("redirect", "You were led here" if page.profile == "rfc3875" else "with status 200")


def test_the_keyboard_reaches_links_and_forms(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.browser.press(Keys.TAB)
    assert page.browser.ask("return document.activeElement.textContent") == "Skip to the examples"
    assert page.browser.ask("return document.activeElement.getBoundingClientRect().left") >= 0
    page.browser.press(Keys.ENTER, Keys.TAB, Keys.TAB)
    assert page.browser.ask("return document.activeElement.textContent") == "Run with a path and a query"
    assert page.browser.ask("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.browser.press(Keys.ENTER)
    page.shows("environment", "PATH_INFO=/a/path\n")
    page.shows("form", "Your name")
    page.browser.ask("document.querySelector('#form .run a:last-child').focus()")
    page.browser.press(Keys.TAB, Keys.TAB, "Ada", Keys.TAB, Keys.TAB, Keys.ENTER)
    page.shows("form", "POST sent name=Ada")
    page.browser.press(Keys.TAB)


@ANY_SERVER
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_fits_is_readable_and_asks_for_nothing_outside(page: Page, width: int, scheme: str) -> None:
    page.browser.look(width, scheme)
    page.browser.requests()
    page.browser.visit(page.url)
    page.browser.ask("for (const one of document.querySelectorAll('iframe')) one.loading = 'eager'")
    for example, text in {"form": "Your name", "upload": "A file", "counter": "Count", "redirect": "appears"}.items():
        page.shows(example, text)
        assert page.browser.ask(f"{FRAME} return one.scrollWidth <= one.clientWidth", example), example
    wide, room = page.browser.ask("return [document.scrollingElement.scrollWidth, innerWidth]")
    assert room == width and wide <= room
    assert [one for one in page.browser.ask(COLOURS) if contrast(one[1], one[2]) < 4.5] == []
    asked = [url for url in page.browser.requests() if url != "about:blank"]
    assert len(asked) > 10 and [url for url in asked if not url.startswith(page.url)] == []


@ANY_SERVER
def test_the_source_beside_a_result_is_that_of_the_script(page: Page) -> None:
    for script in SCRIPTS.iterdir():
        shown = page.browser.ask("return document.querySelector(`#${arguments[0]} pre`).textContent", script.name)
        assert shown == script.read_text()
