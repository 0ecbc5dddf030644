"""Checks TOML and JSON documents against their JSON Schema (fixtures/schema, draft 2020-12), and words the errors.

fastjsonschema says quickly whether a document fits. It stops at the first error, so jsonschema finds them all in a
document that does not fit. Its own messages quote the schema. The sentences here name the key as the user wrote it, the
error, and the most similar key that exists.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cgi_conform.did_you_mean import did_you_mean, nearest_path
from cgi_conform.errors import UserError
from cgi_conform.parsed import toml_in
from cgi_conform.paths import SCHEMAS
from cgi_conform.write import write_whole

_KINDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}
_BOUNDS = {"minimum": "less than", "exclusiveMinimum": "not more than", "maximum": "more than"}


def read_toml(path: Path, shown: str) -> dict[str, Any]:
    """Returns the document in a TOML file, which messages call `shown`. UserError gives the line of broken TOML."""
    try:
        return toml_in(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise UserError(f"{shown}: no such file{nearest_path(path) or ' (name a file that exists)'}") from None
    except OSError as error:
        raise UserError(f"{shown}: cannot be read: {error.strerror} (it must be a file that you may read)") from None
    except ValueError as error:
        hint = " (put it between single quotes: the escapes of cases are not TOML escapes)" if "Unescaped '\\'" in str(error) else ""
        raise UserError(f"{shown}: broken TOML: {error}{hint}") from None


def read_valid_toml(path: Path, shown: str, schema: str) -> dict[str, Any]:
    """Returns the document in a TOML file that fits its schema. UserError has a line for each error."""
    document = read_toml(path, shown)
    if wrong := faults(document, schema):
        raise UserError([f"{shown}: {fault}" for fault in wrong])
    return document


def write_json(document: object, path: Path, schema: str) -> None:
    """Writes a document that this program made.

    One that does not fit its schema is a defect of the suite: it crashes.
    """
    wrong = faults(document, schema)
    assert not wrong, wrong
    write_whole(path, json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def faults(document: object, schema: str, part: str = "") -> list[str]:
    """Returns a sentence for each error in a document. With `part`, checks against that entry of the schema's $defs."""
    if _fits(document, schema, part):
        return []
    validator = _validator(schema, part)
    found = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.path)))
    return [sentence for error in found for sentence in _sentences(error, validator.schema.get("$defs", {}))]


def _fits(document: object, schema: str, part: str) -> bool:
    from fastjsonschema import JsonSchemaValueException  # imported here because many commands do not need it

    try:
        _compiled(schema, part)(document)
    except JsonSchemaValueException:
        return False
    return True


@functools.cache
def _compiled(schema: str, part: str) -> Any:
    import fastjsonschema

    return fastjsonschema.compile(_schema(schema, part), use_default=False)


@functools.cache
def _validator(schema: str, part: str) -> Any:
    import jsonschema  # imported here because it is slow to import, and only errors need it

    return jsonschema.Draft202012Validator(_schema(schema, part))


def _schema(name: str, part: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SCHEMAS / name).read_text("utf-8"))
    return {"$defs": document["$defs"], "$ref": f"#/$defs/{part}"} if part else document


def _sentences(error: Any, parts: Mapping[str, Any]) -> Iterator[str]:
    where = _dotted(error.absolute_path)
    inside = f' in "{where}"' if where else ""
    kind, wanted, got = error.validator, error.validator_value, error.instance
    if kind in ("oneOf", "anyOf"):
        yield from _alternatives(error, where, parts)
    elif kind == "additionalProperties" and isinstance(wanted, bool):
        known = list(error.schema.get("properties", {}))
        for key in got:
            if key not in known:
                yield f'unknown key "{key}"{inside}{_placed(key, parts) or did_you_mean(key, known)}'
    elif kind == "required":
        missing = next(key for key in wanted if key not in got and f"'{key}'" in error.message)
        yield f'missing key "{missing}"{inside}'
    elif kind == "enum":
        hint = _unquoted(got) or did_you_mean(str(got), map(str, wanted))
        allowed = ", ".join(str(word) for word in wanted)
        yield f'"{where}" is {_plain(got)}, not one of {allowed}{hint}'
    elif kind == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        hint = _unquoted(got) if {"integer", "number"} & set(kinds) else ""
        yield f'"{where}" is {_plain(got)}, not {" or ".join(_KINDS[kind] for kind in kinds)}{hint}'
    elif kind == "pattern" and "propertyNames" in error.schema_path:
        yield f'the name "{got}" is not of the form {wanted}'
    elif kind == "pattern":
        form = error.schema.get("$comment", f"of the form {wanted}")
        yield f'"{where}" is {_plain(got)}, which is not {form}'
    elif kind in _BOUNDS:
        yield f'"{where}" is {_plain(got)}, {_BOUNDS[kind]} {wanted}'
    elif kind in ("minItems", "minLength", "minProperties"):
        yield f'"{where}" is empty'
    elif kind == "not":
        yield f"{error.schema.get('$comment', error.message)}{inside}"
    else:
        yield f'"{where}": {error.message}'


def _placed(key: str, parts: Mapping[str, Any]) -> str:
    """Returns a hint if the key belongs to another table, or ""."""
    places = [part["$comment"] for part in parts.values() if key in part.get("properties", {}) and "$comment" in part]
    return f" (it belongs in {' or '.join(places)})" if places else ""


def _unquoted(got: object) -> str:
    return " (a number is written without quotes)" if isinstance(got, str) and got.isdecimal() else ""


def _alternatives(error: Any, where: str, parts: Mapping[str, Any]) -> Iterator[str]:
    """Yields the errors of the alternative that has the right type.

    If none has it, names the types that are allowed.
    """
    asked = [branch["required"][0] for branch in error.validator_value if set(branch) == {"required"}]
    if asked:
        yield f'"{where}" needs exactly one of {", ".join(asked)}'
        return
    branches: dict[int, list[Any]] = {}
    for fault in error.context:
        branches.setdefault(fault.schema_path[0], []).append(fault)
    for index in sorted(branches):
        if not any(fault.validator == "type" and not fault.relative_path for fault in branches[index]):
            for fault in branches[index]:
                yield from _sentences(fault, parts)
            return
    kinds: list[str] = []
    for index in sorted(branches):
        wanted = next(fault.validator_value for fault in branches[index] if fault.validator == "type")
        kinds += [wanted] if isinstance(wanted, str) else wanted
    yield f'"{where}" is {_plain(error.instance)}, not {" or ".join(_KINDS[kind] for kind in kinds)}'


def _dotted(path: Any) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return json.dumps(value, ensure_ascii=False)
