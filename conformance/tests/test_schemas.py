"""The schemas mean the same to fastjsonschema, which knows draft 7, and to jsonschema, which knows draft 2020-12."""

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import jsonschema
import pytest

from cgi_conform.paths import SCHEMAS, fixtures

# Words that came after draft 7.
LATER = {
    "prefixItems", "unevaluatedProperties", "unevaluatedItems", "dependentRequired", "dependentSchemas",
    "minContains", "maxContains", "$anchor", "$dynamicRef", "$dynamicAnchor",
}  # fmt: skip
NOTES = {"$comment", "$defs", "$schema", "title", "description"}  # beside $ref, draft 7 ignores any other word
OF_BENCH = "scenarios.schema.json"  # only its own tests check documents against it, by jsonschema


def tables(value: object) -> Iterator[dict[str, Any]]:
    """Yields the tables in a document: itself, and those inside it."""
    if isinstance(value, dict):
        yield value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from tables(inside)


@pytest.mark.parametrize("schema", sorted(SCHEMAS.glob("*.schema.json")), ids=lambda path: path.name)
def test_a_schema_uses_only_words_that_both_know(schema: Path) -> None:
    if schema.name == OF_BENCH:
        pytest.skip("fastjsonschema does not see it")
    for table in tables(json.loads(schema.read_text())):
        assert not LATER & set(table)
        assert "$ref" not in table or set(table) <= {"$ref", *NOTES}


@pytest.mark.long
def test_both_refuse_the_same_changes_of_a_case() -> None:
    """Puts another value in each place of a case, one at a time."""
    document = json.loads((SCHEMAS / "case.schema.json").read_text())
    part = {"$defs": document["$defs"], "$ref": "#/$defs/case"}
    quick, thorough = fastjsonschema.compile(part, use_default=False), jsonschema.Draft202012Validator(part)
    refused = accepted = 0
    for path in sorted((fixtures() / "cases").glob("*.toml")):
        for entry in changed(tomllib.loads(path.read_text())["case"][0]):
            fits = thorough.is_valid(entry)
            try:
                quick(entry)
                assert fits, entry
                accepted += 1
            except fastjsonschema.JsonSchemaValueException:
                assert not fits, entry
                refused += 1
    assert refused > 1000 and accepted > 100


def changed(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the case itself, and copies with one value removed or replaced."""
    yield entry
    for number, table in enumerate(tables(entry)):
        for key in table:
            for value in (None, True, -1, 0.5, "", "other", [], ["a"], {}, {"b": 1}):
                copied = copy.deepcopy(entry)
                place = list(tables(copied))[number]
                if value is None:
                    del place[key]
                else:
                    place[key] = value
                yield copied
