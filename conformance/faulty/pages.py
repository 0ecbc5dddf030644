"""Makes the page of an error. It equals Python's page, byte for byte."""

from __future__ import annotations

import html
from http import HTTPStatus

_PAGE = """\
<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: {code}</p>
        <p>Message: {message}.</p>
        <p>Error code explanation: {code} - {explanation}.</p>
    </body>
</html>
"""


# rule: base/errors-are-html-pages, base/error-page-escapes-html
# rule: injection/html-in-error-page
def error_page(status: int, message: str) -> bytes:
    shown = html.escape(message, quote=False)
    return _PAGE.format(code=status, message=shown, explanation=HTTPStatus(status).description or "Failed").encode()


def phrase(status: int) -> str:
    return HTTPStatus(status).phrase
