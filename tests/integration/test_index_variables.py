"""Jobs behind a mirror: the real uv installs from the index, through the proxy and with the certificate that variables name."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from support.tools import requires_tool
from support.web_server import Asked, Reply, WebServer, serving

pytestmark = [pytest.mark.posix, pytest.mark.tools("bash")]

SCRIPT: Final = Path(__file__).parents[2] / "actions" / "environment" / "python.sh"
WHEEL: Final = "orch_probe-1.0-py3-none-any.whl"


def a_wheel() -> bytes:
    info = "orch_probe-1.0.dist-info"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("orch_probe.py", "FROM = 'the mirror'\n")
        zipped.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: orch-probe\nVersion: 1.0\n")
        zipped.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        zipped.writestr(f"{info}/RECORD", f"orch_probe.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return content.getvalue()


def mirror() -> WebServer:
    wheel = a_wheel()
    page = f'<a href="/files/{WHEEL}#sha256={hashlib.sha256(wheel).hexdigest()}">{WHEEL}</a>'.encode()

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/simple/orch-probe/"):
            return Reply(200, page, {"Content-Type": "text/html"})
        return Reply(200, wheel) if asked.path.endswith(f"/files/{WHEEL}") else Reply(404)

    return WebServer(answer=answer)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of the server, with its key; `authority.pem` beside it is of who signed it."""
    openssl = requires_tool("openssl")
    authority, server = tmp_path / "authority", tmp_path / "server"
    new = [openssl, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    signed = [openssl, "x509", "-req", "-days", "2", "-CAcreateserial", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"]
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n")
    for command in (
        [*new, "-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", f"{authority}.key", "-out", f"{authority}.pem"],
        [*new, "-subj", "/CN=mirror", "-keyout", f"{server}.key", "-out", f"{server}.csr"],
        [*signed, "-in", f"{server}.csr", "-out", f"{server}.crt", "-extfile", str(tmp_path / "names")],
    ):
        subprocess.run(command, check=True, capture_output=True)
    both = tmp_path / "server.pem"
    both.write_bytes(Path(f"{server}.crt").read_bytes() + Path(f"{server}.key").read_bytes())
    return both


@pytest.fixture
def secured(certificate: Path) -> Iterator[WebServer]:
    with serving(mirror(), certificate) as server:
        yield server


def install(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a job does that needs one package, on a runner with these variables and no others that could help."""
    requires_tool("bash")
    (folder / "requirements.txt").write_text("orch-probe\n")
    needs = {"KIND": "requirements", "PROJECT": str(folder), "FILE": str(folder / "requirements.txt"), "HASHES": "false"}
    environment = {f"ORCH_{name}": value for name, value in needs.items()} | {
        "ORCH_PYTHON": sys.executable,
        "ORCH_BOOTSTRAP": "preinstalled",
    }
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    environment |= {
        "RUNNER_TEMP": str(folder),
        "GITHUB_OUTPUT": str(folder / "output"),
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return subprocess.run(["bash", str(SCRIPT)], env=environment | variables, capture_output=True, text=True, check=False)


def installed(folder: Path) -> str:
    python = (folder / "output").read_text().strip().removeprefix("python=")
    command = [python, "-I", "-c", "import orch_probe; print(orch_probe.FROM)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("index", "trust"), [("PIP_INDEX_URL", "PIP_CERT"), ("UV_DEFAULT_INDEX", "SSL_CERT_FILE"), ("PIP_INDEX_URL", "SSL_CERT_FILE")]
)
def test_packages_come_from_the_index_of_either_tool_with_the_certificate_of_either(
    tmp_path: Path, secured: WebServer, index: str, trust: str
) -> None:
    done = install(tmp_path, **{index: f"{secured.url}/simple", trust: str(tmp_path / "authority.pem")})

    assert done.returncode == 0, done.stderr
    assert installed(tmp_path) == "the mirror"


def test_a_certificate_that_nobody_named_is_not_trusted(tmp_path: Path, secured: WebServer) -> None:
    done = install(tmp_path, PIP_INDEX_URL=f"{secured.url}/simple", UV_HTTP_RETRIES="0")

    assert done.returncode != 0
    assert secured.asked == []


def test_requests_go_through_the_proxy(tmp_path: Path) -> None:
    with serving(mirror()) as proxy:
        done = install(tmp_path, PIP_INDEX_URL="http://mirror.test/simple", HTTP_PROXY=proxy.url, http_proxy=proxy.url)

    assert done.returncode == 0, done.stderr
    assert "http://mirror.test/simple/orch-probe/" in [asked.path for asked in proxy.asked]
    assert installed(tmp_path) == "the mirror"
