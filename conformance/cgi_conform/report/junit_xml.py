"""Writes JUnit XML: suites, the testcases in them, and the outcome of each testcase."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class JUnitOutcome:
    """The child element of a testcase that did not simply pass."""

    kind: str  # failure | error | skipped | system-out
    text: str = ""
    message: str | None = None
    type: str | None = None


class JUnitSuite:
    """A testsuite that testcases are added to."""

    def __init__(self, element: ElementTree.Element) -> None:
        self._element = element

    def add_properties(self, properties: Mapping[str, str]) -> None:
        """Adds the properties of the whole suite."""
        parent = ElementTree.SubElement(self._element, "properties")
        for name, value in properties.items():
            _add(parent, "property", {"name": name, "value": value})

    def add_case(self, group: str, name: str, outcome: JUnitOutcome | None = None, **more: str) -> None:
        """Adds a testcase; `group` becomes its classname, `more` its other attributes."""
        element = _add(self._element, "testcase", {"classname": group, "name": name, **more})
        if outcome is not None:
            facts = {"message": outcome.message, "type": outcome.type}
            told = {name: value for name, value in facts.items() if value is not None}
            _add(element, outcome.kind, told).text = _clean(outcome.text) or None


class JUnitDocument:
    """A file of testsuites."""

    def __init__(self, name: str, **counts: int) -> None:
        self._root = ElementTree.Element("testsuites", {"name": name, **_numbers(counts)})

    def add_suite(self, name: str, **counts: int) -> JUnitSuite:
        """Returns a new suite of the file."""
        return JUnitSuite(_add(self._root, "testsuite", {"name": name, **_numbers(counts)}))

    def text(self) -> str:
        """Returns the XML text."""
        ElementTree.indent(self._root, " ")
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(self._root, encoding="unicode") + "\n"


def _add(parent: ElementTree.Element, tag: str, attributes: Mapping[str, str]) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, {name: _clean(value) for name, value in attributes.items()})


def _numbers(counts: Mapping[str, int]) -> dict[str, str]:
    return {name: str(number) for name, number in counts.items()}


def _clean(text: str) -> str:
    """Returns the text with "?" for each character that XML 1.0 cannot hold, such as most control characters."""
    return _NOT_XML.sub("?", text)
