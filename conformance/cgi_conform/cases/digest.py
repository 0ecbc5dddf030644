"""The digest of a case in a profile: it changes if the case sends other octets or expects something else.

It is made of the entry in the TOML file, and not of the objects of this program, so a change of the program alone
changes no digest. Titles, clauses and faults explain a case and decide nothing, so they are left out.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cgi_conform.cases.answer import PROFILES

_EXPLAINS = ("title", "clauses", "fault", "see")
_LENGTH = 8  # hexadecimal digits


def digests(entry: Mapping[str, Any]) -> dict[str, str]:
    """Returns the digest of a case in each of its profiles."""
    shared = _deciding({key: value for key, value in entry.items() if key not in PROFILES})
    return {
        profile: digest([shared, _deciding(entry[profile])])
        for profile in PROFILES
        if profile in entry
    }


def _deciding(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in _EXPLAINS}


def digest(value: object) -> str:
    """Returns the digest of a value that JSON can express."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
