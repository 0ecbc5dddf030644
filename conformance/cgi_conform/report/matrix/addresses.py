"""The files of the site. A server, a rule and a case keep their address as long as they keep their name.

Every address is relative to the folder of the site, and works from a file as from a web server.
"""

import re


def in_file_name(name: str) -> str:
    """Returns the name as part of a file name. Different names stay different, and none leads out of its folder."""
    return re.sub(r"^\.|[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):x}_", name)


def server_page(name: str) -> str:
    """Returns the address of a server's page."""
    return f"servers/{in_file_name(name)}.html"


def rule_page(rule: str) -> str:
    """Returns the address of a rule's page."""
    return f"rules/{'/'.join(map(in_file_name, rule.split('/')))}.html"


def run_folder(name: str, profile: str) -> str:
    """Returns the folder with the reports of one run."""
    return f"runs/{in_file_name(name)}/{profile}"


def upward(page: str) -> str:
    """Returns the way from a page back to the folder of the site."""
    return "../" * page.count("/")
