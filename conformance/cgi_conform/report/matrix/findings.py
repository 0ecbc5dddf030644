"""Renders findings.md, which lists what is really wrong in a server, as HTML.

The text may come from anybody's folder, so it stays text: no HTML in it is kept, no image is loaded, and no link runs a
script. Links to files beside findings.md become plain text, because the site does not have these files.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_DEEPER = 2  # levels between a heading of the file and of the page, on which the section has an h2


def as_html(text: str) -> Markup:
    """Returns the Markdown text as HTML, with the headings of the file below those of the page."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _DEEPER)}"
        if token.children:
            token.children = _without_local_links(token.children)
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _without_local_links(tokens: Sequence[Token]) -> list[Token]:
    """Returns the tokens of a line without links that do not lead to the Web."""
    kept: list[Token] = []
    is_local = False
    for token in tokens:
        if token.type == "link_open":
            is_local = re.match(r"https?://|mailto:", str(token.attrs["href"])) is None
        if not (is_local and token.type in ("link_open", "link_close")):
            kept.append(token)
    return kept
