"""Fills the templates of the HTML reports. A page loads no file except those beside it."""

import functools
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FOLDER = Path(str(files("cgi_conform.report")))


def filled(template: str, **values: Any) -> str:
    """Returns the page that a template below report/ makes of the values. A missing value is an error."""
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["plain"] = plain
    environment.filters["json"] = as_json
    return environment


def inserted(name: str) -> Markup:
    """Returns a style sheet or a script below report/ that a page holds as it is."""
    return Markup((_FOLDER / name).read_text("utf-8"))


def plain(told: str) -> Markup:
    """Escapes text between tags. It leaves quotes as they are, because they are many and need no escape there."""
    return Markup(told.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def as_json(value: Any) -> Markup:
    """Returns the value as JSON that may stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("</", "<\\/").replace("<!--", "\\u003c!--").replace("<script", "\\u003cscript"))
