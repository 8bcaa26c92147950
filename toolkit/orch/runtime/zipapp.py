"""The step runtime as one zip file that a Python runs, in any image that has one: what travels, and nothing else.

The same bytes on every machine: sorted, nothing compressed (whose bytes differ between zlibs), no times of files.
"""

from __future__ import annotations

import io
import marshal
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Final

from orch.runtime import parcels

# Everything below the line of the layers: the standard library is all that it needs.
TRAVELS: Final = (
    *("authoring", "collector", "errors", "files", "locks", "materializers", "model", "names", "planning", "runtime", "stores", "system"),
)
OLDEST: Final = (3, 11)
TOO_OLD: Final = 97  # the exit code of a Python that is older: a step's own process ends inside of the runtime's, which has others
PLACE: Final = f"{parcels.PLACE}/{parcels.RUNTIME}"
_PACKAGE: Final = Path(__file__).parents[1]
# Of no syntax that is newer than Python 2: it is there to say so.
_MAIN: Final = f"""import signal
import sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
if sys.version_info < {OLDEST}:
    sys.stderr.write("Python %d.%d or newer is needed, and this is %d.%d\\n" % ({OLDEST} + tuple(sys.version_info[:2])))
    sys.exit({TOO_OLD})
from orch.runtime.parcel_run import main
main(sys.argv[1])
"""


def runtime_zip(package: Path = _PACKAGE) -> bytes:
    """`python FILE FOLDER` runs the parcel in FOLDER."""
    members = {"__main__.py": _MAIN.encode()} | {
        f"orch/{file.relative_to(package).as_posix()}": file.read_bytes() for file in _files(package)
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as zipped:
        for name in sorted(members):
            member = zipfile.ZipInfo(name)  # its time is the first that a zip file can tell
            member.create_system = 3  # Unix, also where this is not
            member.external_attr = 0o100644 << 16
            zipped.writestr(member, members[name])
    return written.getvalue()


@cache
def with_bytecode(zipped: bytes) -> bytes:
    """The same with what this Python makes of each source beside it: another Python takes the sources."""
    from importlib.util import source_hash

    written = io.BytesIO(zipped)
    with zipfile.ZipFile(written, "a", zipfile.ZIP_STORED) as archive:
        for name in archive.namelist():
            if name.startswith("orch/"):
                source = archive.read(name)
                code = compile(source, f"{PLACE}/{name}", "exec", dont_inherit=True)
                # https://peps.python.org/pep-0552/: the digest of the source is in it, and is not compared
                header = MAGIC_NUMBER + (1).to_bytes(4, "little") + source_hash(source)
                archive.writestr(zipfile.ZipInfo(f"{name}c"), header + marshal.dumps(code))
    return written.getvalue()


def _files(package: Path) -> Iterator[Path]:
    yield package / "__init__.py"
    for name in TRAVELS:
        yield from [package / f"{name}.py"] if (package / f"{name}.py").is_file() else (package / name).rglob("*.py")
