"""The transport for the URL of an artifact store: a folder by itself, everything else by fsspec's drivers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from orch.errors import StoreError
from orch.stores.folder import FolderPlace
from orch.stores.transport import Place, Transport
from orch.transports.drivers import EXTRAS, file_system

_TIMEOUT: Final = 30.0  # seconds


def open_transport(url: str, *, timeout: float = _TIMEOUT) -> Transport:
    """Raises StoreError where what it takes to reach `url`, which settings have checked, is not installed or not willing."""
    return Transport(_place(url, timeout))


def _place(url: str, timeout: float) -> Place:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderPlace(Path(unquote(parts.path)), url)
    try:
        import fsspec  # noqa: F401

        from orch.transports.buckets import BucketPlace
        from orch.transports.reasons import told
        from orch.transports.remote import RemotePlace
    except ModuleNotFoundError as error:
        message = f"the artifact store {url!r} needs fsspec, which is not installed"
        raise StoreError(message, hint=_install(parts.scheme)) from error
    try:
        system, root = file_system(url, timeout)
    except ImportError as error:
        hint = _install(parts.scheme) if parts.scheme in EXTRAS else str(error)
        raise StoreError(f"the driver for the artifact store {url!r} is not installed", hint=hint) from error
    except Exception as error:  # a driver may look for its credentials here, and raises what it likes
        if isinstance(error, ValueError) and "Protocol not known" in str(error):
            message = f"nothing that fsspec knows reaches the artifact store {url!r}: {error}"
            raise StoreError(message, hint="use s3://, gs://, az:// or file://") from error
        reason, hint = told(error, url, os.environ)
        raise StoreError(f"cannot open the artifact store {url!r}: {reason}", hint=hint) from error
    kind = EXTRAS.get(parts.scheme)
    return BucketPlace(url, system, root, kind, timeout) if kind else RemotePlace(url, system, root)


def _install(scheme: str) -> str:
    return f"pip install 'orch-toolkit[{EXTRAS.get(scheme, 'stores')}]'"
