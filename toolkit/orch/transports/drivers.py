"""fsspec's file system for the URL of an artifact store, told what a store of objects by digest needs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Which extra brings the driver; fsspec says it of the others.
EXTRAS: Final = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure", "abfss": "azure"}
PARALLEL: Final = 16  # transfers at a time
PART: Final = 8 << 20  # bytes; what is larger is sent in several
_CONNECT: Final = 20.0  # seconds
# Others write there too; and who opens a store now reads the credentials of now.
_UNCACHED: Final = {"use_listings_cache": False, "skip_instance_cache": True}
# They print what they are about to raise, with a traceback and the addresses that they asked.
_TALKATIVE: Final = ("aiobotocore", "asyncio", "azure", "botocore", "fsspec", "gcsfs", "s3fs")


def file_system(url: str, timeout: float) -> tuple[AbstractFileSystem, str]:
    """And the path that `url` has in it. A server that is silent for `timeout` seconds is asked again, and then given up."""
    import fsspec

    scheme = urlsplit(url).scheme
    for name in _TALKATIVE:
        logging.getLogger(name).addHandler(logging.NullHandler())
    match EXTRAS.get(scheme):
        case "s3":
            system, root = _s3(url, timeout)
        case "gcs":
            system, root = _gcs(url, timeout)
        case "azure":
            system, root = fsspec.core.url_to_fs(url, connection_timeout=_CONNECT, read_timeout=timeout, **_UNCACHED)
            # Its way to say so is an argument of the client, which adlfs does not hand on: 64 MB would be in memory, three times.
            system.service_client._config.max_single_put_size = PART
            system.service_client._config.max_block_size = PART
        case _:
            system, root = fsspec.core.url_to_fs(url)
    return system, root.rstrip("/")


def _s3(url: str, timeout: float) -> tuple[Any, str]:
    """Without asking for leave before each object: that is one more way to go, and whoever never answers it is waited for."""
    import fsspec
    from aiobotocore.session import get_session
    from botocore.handlers import add_expect_header

    session = get_session()
    session.unregister("before-call.s3", add_expect_header)
    # Of the two that try again, s3fs takes care of broken answers and botocore of those that servers excuse themselves with.
    retries = {"retries": {"mode": "standard", "max_attempts": 3}}
    config = {"connect_timeout": _CONNECT, "read_timeout": timeout, "max_pool_connections": PARALLEL}
    system, root = fsspec.core.url_to_fs(url, session=session, config_kwargs=config | retries, **_UNCACHED)
    system.retries = 2
    return system, root


def _gcs(url: str, timeout: float) -> tuple[Any, str]:
    """By the class that speaks JSON alone: the other asks over gRPC what kind of bucket it is, and waits a minute behind a proxy."""
    from aiohttp import ClientTimeout
    from gcsfs.core import GCSFileSystem

    patience = ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=timeout)
    return GCSFileSystem(requests_timeout=patience, **_UNCACHED), GCSFileSystem._strip_protocol(url)
