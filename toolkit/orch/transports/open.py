"""The transport for the URL of an artifact store: a folder by itself, everything else by fsspec's drivers."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from orch.errors import StoreError
from orch.stores.folder import FolderPlace
from orch.stores.transport import Place, Transport

# Which extra brings the driver; fsspec says it of the others.
EXTRAS: Final = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure", "abfss": "azure"}


def open_transport(url: str) -> Transport:
    """Raises StoreError where what it takes to reach `url`, which settings have checked, is not installed or not willing."""
    return Transport(_place(url))


def _place(url: str) -> Place:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderPlace(Path(unquote(parts.path)), url)
    try:
        import fsspec

        from orch.transports.remote import RemotePlace
    except ModuleNotFoundError as error:
        message = f"the artifact store {url!r} needs fsspec, which is not installed"
        raise StoreError(message, hint=_install(parts.scheme)) from error
    try:
        system, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        hint = _install(parts.scheme) if parts.scheme in EXTRAS else str(error)
        raise StoreError(f"the driver for the artifact store {url!r} is not installed", hint=hint) from error
    except ValueError as error:
        message = f"nothing that fsspec knows reaches the artifact store {url!r}: {error}"
        raise StoreError(message, hint="use s3://, gs://, az:// or file://") from error
    except Exception as error:  # a driver may look for its credentials here, and raises what it likes
        message = f"cannot open the artifact store {url!r}: {type(error).__name__}: {error}"
        raise StoreError(message, hint="check its address and the credentials for it") from error
    return RemotePlace(url, system, root)


def _install(scheme: str) -> str:
    return f"pip install 'orch-toolkit[{EXTRAS.get(scheme, 'stores')}]'"
