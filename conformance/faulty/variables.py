"""Makes the meta-variables and the command line of a script. All functions are pure.

The two profiles differ in most of them. `cgihttpserver` does what CPython does: it sets variables for four fields,
leaves variables without a value empty, and passes the whole query as one argument. `rfc3875` is CGI/1.1: it sets a
variable for every field that a script may see, omits variables without a value (PATH_INFO and QUERY_STRING are empty
instead), and passes an argument per word of the query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from .client import Client
from .head import Request
from .route import Script
from .settings import SOFTWARE, Site

Environment = dict[bytes, bytes]

PATH = b"/usr/local/bin:/usr/bin:/bin"  # if the server itself has none
PLAIN_NAME = re.compile(rb"[A-Za-z0-9-]+")  # another name could make the variable of another field

WITHHELD = {
    b"authorization",
    b"proxy-authorization",
    b"proxy",  # many programs read HTTP_PROXY as their own setting: CVE-2016-5385
    b"content-length",
    b"content-type",
    b"connection",
    b"keep-alive",
    b"transfer-encoding",
}


# rule: environment/requests-share-nothing
def environment(
    client: Client, request: Request, target: Script, length: int | None, site: Site, own: Mapping[bytes, bytes]
) -> Environment:
    """Returns the environment of a script. `length` is that of the body, and `own` the server's environment."""
    variables = _passed_on(site.settings.pass_env, own)
    variables |= _of_every_request(client, request, target, site)
    if site.settings.rfc:
        variables |= _of_rfc3875(client, request, target, length, site)
        variables |= _fields(request)
    else:
        variables |= _of_cgihttpserver(request, target, length, site)
    if site.settings.pass_authorization:
        variables |= _credentials(request)
    return variables


def arguments(request: Request, target: Script, rfc: bool) -> list[bytes]:
    """Returns the arguments after the script's path.

    rule: base/query-is-one-argument, cgi/equals-sign-before-decoding
    """
    query = target.query or b""
    if b"=" in query:
        return []
    return _words(request.method, query) if rfc else [query.replace(b"+", b" ")]


# rule: cgi/query-becomes-arguments, cgi/arguments-for-get-and-head-only, cgi/no-query-no-arguments
# rule: cgi/all-arguments-or-none, argument/no-options-to-the-interpreter
# rule: argument/no-hyphen-by-conversion, argument/query-is-literal
def _words(method: bytes, query: bytes) -> list[bytes]:
    if method not in (b"GET", b"HEAD"):
        return []
    if not query:
        return []
    words = [unquote_to_bytes(word) for word in query.split(b"+")]
    if any(b"\0" in word for word in words):
        return []
    if any(word.startswith(b"-") for word in words):
        return []
    return words


# rule: environment/server-environment-stays-out, environment/inherited-cgi-variables-stay-out
# rule: environment/path-has-absolute-directories, base/only-cgi-variables-and-path
# rule: base/inherited-cgi-variables-stay-out
def _passed_on(names: list[str], own: Mapping[bytes, bytes]) -> Environment:
    absolute = [folder for folder in own.get(b"PATH", PATH).split(b":") if folder.startswith(b"/")]
    kept = {name.encode() for name in names}
    variables = {name: value for name, value in own.items() if name in kept}
    variables[b"PATH"] = b":".join(absolute)
    return variables


# rule: cgi/gateway-interface-is-cgi-1-1, cgi/server-software-names-the-server, cgi/server-port-is-the-port-used
# rule: cgi/request-method-is-the-method, cgi/script-name-is-decoded-path, cgi/query-string-is-not-decoded
# rule: cgi/query-string-is-always-set, cgi/remote-addr-is-the-peer
# rule: environment/claims-are-not-believed, environment/query-names-set-no-variable
def _of_every_request(client: Client, request: Request, target: Script, site: Site) -> Environment:
    return {
        b"GATEWAY_INTERFACE": b"CGI/1.1",
        b"SERVER_SOFTWARE": SOFTWARE,
        b"SERVER_PORT": b"%d" % site.port,
        b"REQUEST_METHOD": request.method,
        b"SCRIPT_NAME": target.name,
        b"QUERY_STRING": target.query or b"",
        b"REMOTE_ADDR": client.address[0].encode(),
    }


# rule: base/server-name-and-port-are-set, base/server-protocol-is-the-servers, base/path-translated-is-always-set
# rule: base/content-length-is-body-length, base/content-type-defaults-to-text-plain, base/four-fields-become-variables
# rule: base/unchecked-identity-is-not-set
def _of_cgihttpserver(request: Request, target: Script, length: int | None, site: Site) -> Environment:
    return {
        b"SERVER_NAME": site.name,
        b"SERVER_PROTOCOL": b"HTTP/1.1" if site.settings.http11 else b"HTTP/1.0",
        b"REMOTE_HOST": b"",
        b"PATH_INFO": target.info,
        b"PATH_TRANSLATED": site.settings.root + target.info,
        b"CONTENT_LENGTH": b"" if length is None else b"%d" % length,
        b"CONTENT_TYPE": next(iter(request.fields_named(b"Content-Type")), b"text/plain"),
        b"HTTP_USER_AGENT": request.field(b"User-Agent") or b"",
        b"HTTP_REFERER": request.field(b"Referer") or b"",
        b"HTTP_ACCEPT": b",".join(request.fields_named(b"Accept")),
        b"HTTP_COOKIE": b", ".join(filter(None, request.fields_named(b"Cookie"))),
    }


# rule: cgi/server-name-has-no-port, cgi/server-protocol-names-a-version, cgi/remote-host-is-name-or-address
# rule: cgi/path-translated-set-with-path-info, cgi/path-translated-needs-path-info, cgi/content-length-only-with-body
# rule: cgi/request-content-type-is-unmodified, cgi/request-content-type-has-no-default
# rule: cgi/auth-type-only-if-authenticated, cgi/remote-user-only-if-authenticated
# rule: cgi/path-translated-is-decoded, cgi/path-translated-keeps-case
def _of_rfc3875(client: Client, request: Request, target: Script, length: int | None, site: Site) -> Environment:
    variables = {
        b"SERVER_NAME": request.host or site.name,
        b"SERVER_PROTOCOL": b"HTTP/%d.%d" % request.version,
        b"SERVER_ADDR": client.local[0].encode(),
        b"REMOTE_HOST": client.address[0].encode(),
        b"REMOTE_PORT": b"%d" % client.address[1],
        b"REQUEST_SCHEME": b"http",
        b"REQUEST_URI": request.target,
        b"DOCUMENT_ROOT": site.settings.root,
        b"SCRIPT_FILENAME": target.file,
        b"REDIRECT_STATUS": b"200",  # php-cgi runs nothing without it
    }
    variables[b"PATH_INFO"] = target.info
    if target.info:
        variables[b"PATH_TRANSLATED"] = site.settings.root + target.info
    if length is not None:
        variables[b"CONTENT_LENGTH"] = b"%d" % length
    content_type = request.field(b"Content-Type")
    if content_type is not None:
        variables[b"CONTENT_TYPE"] = content_type
    return variables


# rule: environment/authorization-by-option
def _credentials(request: Request) -> Environment:
    """Returns the Authorization field, unchecked, for a script that checks it."""
    return {b"HTTP_AUTHORIZATION": value for value in request.fields_named(b"Authorization")}


# rule: cgi/fields-become-http-variables, cgi/http-variable-name-form, cgi/repeated-field-becomes-one-value
# rule: cgi/credential-fields-are-not-passed, cgi/no-http-content-length-or-type
# rule: cgi/request-connection-fields-may-stay-out, cgi/no-http-proxy, environment/no-http-proxy-by-any-spelling
# rule: environment/underscore-is-not-hyphen
# rule: environment/field-names-forge-no-variable, http/underscore-is-not-hyphen, cgi/variable-names-differ-beyond-case
# rule: cgi/variable-values-keep-case, cgi/credentials-stay-with-the-server, base/high-bytes-reach-the-script
# rule: environment/high-bytes-stay-unchanged
def _fields(request: Request) -> Environment:
    """Returns the HTTP_ variables: one for each name, with its values in order."""
    variables: Environment = {}
    for name, value in request.fields:
        if name.lower() in WITHHELD:
            continue
        if not PLAIN_NAME.fullmatch(name):
            continue
        variable = b"HTTP_" + name.upper().replace(b"-", b"_")
        begun = variables.get(variable, b"")
        between = b"; " if variable == b"HTTP_COOKIE" else b", "
        variables[variable] = begun + (between if begun and value else b"") + value
    return variables
