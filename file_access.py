"""Who may read a file that takes the place of another: who could read that one."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def give_same_access(old: Path, new: Path) -> None:
    """Give `new` the group and mode of `old`. Where the group cannot be given, what it may do is not given either:
    another group would get it. Raises OSError."""
    was, mode = old.stat(), stat.S_IMODE(old.stat().st_mode)
    if new.stat().st_gid != was.st_gid:
        try:
            os.chown(new, -1, was.st_gid)
        except OSError:
            mode &= ~stat.S_IRWXG
    new.chmod(mode)
