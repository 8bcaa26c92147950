"""What an operating system refuses, and nothing here can mend: a full disk, a place that may not be written to."""

from __future__ import annotations

import errno
from typing import Final

from orch.errors import StoreError

_ROOM: Final = "make room there, and type it again"
_RIGHTS: Final = "make it a place that you may read and write, or name another"
_HINTS: Final = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EIO: "look at the disk: its driver has given up",
    errno.ENAMETOOLONG: "choose shorter names",
    errno.EMFILE: "allow this shell more open files, as by `ulimit -n 4096`",
}


def refusal(error: BaseException) -> StoreError | None:
    """`error` in our words, if it is the machine's and no bug; where it was met, a more telling one is better."""
    if not isinstance(error, OSError) or error.errno not in _HINTS:
        return None
    what = "this" if error.filename is None else repr(str(error.filename))
    return StoreError(f"the system refuses {what}: {error.strerror}", hint=_HINTS[error.errno])
