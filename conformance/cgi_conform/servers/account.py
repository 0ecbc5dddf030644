"""Chooses the user that scripts must run as: nobody if the suite runs as root, else the user of the suite."""

import grp
import os
import pwd
from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """A user and its primary group. An id without a name, as in some containers, is shown by its number."""

    user: str
    group: str
    uid: int
    gid: int

    def give(self, path: str | os.PathLike[str]) -> None:
        """Makes the account the owner of a file or directory, if the suite runs as root; otherwise it already is."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def nobody_ids() -> dict[str, int]:
    """Returns the uid and gid of user nobody, or {} if this machine has no such user."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return {}
    return {"uid": entry.pw_uid, "gid": entry.pw_gid}


def script_account() -> Account:
    """Returns the account that a server must run its scripts as."""
    uid, gid = os.geteuid(), os.getegid()
    user = str(uid)
    try:
        entry = pwd.getpwnam("nobody") if uid == 0 else pwd.getpwuid(uid)
        user, uid, gid = entry.pw_name, entry.pw_uid, entry.pw_gid
    except KeyError:
        pass
    try:
        group = grp.getgrgid(gid).gr_name
    except KeyError:
        group = f"#{gid}"
    return Account(user, group, uid, gid)
