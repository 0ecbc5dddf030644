"""Whom scripts are to run as: nobody if we are root, else ourselves."""

import grp
import os
import pwd
from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """A user with its first group; an id without a name (in a container, say) is named by its number."""

    user: str
    group: str
    uid: int
    gid: int

    def give(self, path: str | os.PathLike[str]) -> None:
        """Let it own a file or directory, which only root can do, and only root has to."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def script_account() -> Account:
    """The user that a server changes to for its scripts."""
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
