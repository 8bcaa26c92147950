"""A run's end as one POST of JSON to an address that only a secret knows.

The address is in no log and no error, and nothing is sent anywhere else: redirects to another server are refused.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from typing import Final

import orch
from orch.errors import RemoteError, SecretError
from orch.model.canonical import Json
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.runtime import backoff, clock
from orch.runtime.issues import failed_steps
from orch.runtime.web import BROKEN, Answer, Request, Untrusted, Web

SCHEMA: Final = 1
_MESSAGE: Final = 500
_SHOWN: Final = 20
_REDIRECTS: Final = 3
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


def payload(record: RunRecord) -> Json:
    """`text` is what Slack, and what understands its format, shows; the rest is for programs."""
    info = record.info
    failed = failed_steps(record)
    return {
        "text": _text(record, [step.step for step in failed]),
        "schema": SCHEMA,
        "pipeline": info.pipeline,
        "state": str(record.state),
        "run": info.run,
        "attempt": info.attempt,
        "trigger": info.trigger,
        "commit": info.commit,
        "url": info.url,
        "failed": [_failed(step) for step in failed],
    }


def _failed(step: StepRecord) -> Json:
    failure = step.failure
    return {"step": step.step} | ({"cause": failure.cause, "type": failure.type, "message": failure.message[:_MESSAGE]} if failure else {})


def _text(record: RunRecord, failed: list[str]) -> str:
    """Of our own words, numbers and ids alone: what errors say may hold `<!channel>` and links."""
    names = ", ".join(failed[:_SHOWN]) + (f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else "")
    info = record.info
    run = f"run {info.run}" + (f", attempt {info.attempt}" if info.attempt > 1 else "")
    link = f"<{info.url}|{run}>" if info.url and not set("<>|&") & set(info.url) else run
    return f"{info.pipeline} {record.state}" + (f": {names}" if names else "") + f" ({link})"


def send(
    address: str,
    secret: str,
    data: Json,
    web: Web,
    *,
    log: Callable[[str], None],
    sleep: Callable[[float], None] = clock.sleep,
    now: Callable[[], float] = clock.now,
    jitter: Callable[[], float] = backoff.jitter,
) -> None:
    """`secret` is the name of `address` in errors. Sent again only where the server did nothing, so that people get it once."""
    url = _checked(address, secret)
    body = json.dumps(data).encode()
    tries = 0
    while True:
        tries += 1
        try:
            status, wait = _post(url, secret, body, web, now)
        except ConnectionRefusedError:
            status, wait = 0, None
        if 200 <= status < 300:
            return
        passing = status == 0 or backoff.is_passing(status, limited=status == 429, repeatable=False)
        if not passing or tries == backoff.TRIES or (wait or 0) > backoff.LONGEST:
            said = f"answered {status}" if status else "did not answer"
            raise RemoteError(f"the server of the webhook {secret!r} {said}", hint=f"is the secret {secret} still right?", status=status)
        seconds = wait or backoff.delay(tries, jitter())
        log(f"the server of the webhook {secret!r} did not take it: try {tries + 1} of {backoff.TRIES} in {seconds:.1f} s")
        sleep(seconds)


def _checked(address: str, secret: str) -> str:
    parts = urllib.parse.urlsplit(address.strip())
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname or any(character.isspace() or not character.isprintable() for character in address.strip()):
        raise SecretError(
            f"the secret {secret!r} is not the address of a webhook", hint="set it again, to an address that begins with https://"
        )
    return address.strip()


def _post(url: str, secret: str, body: bytes, web: Web, now: Callable[[], float]) -> tuple[int, float | None]:
    """The status, and the seconds to wait if the server names them; raises RemoteError, and ConnectionRefusedError."""
    headers = {"Content-Type": "application/json", "User-Agent": f"orch-toolkit/{orch.__version__}"}
    for _ in range(_REDIRECTS):
        try:
            with web.send(Request("POST", url, headers, body)) as answer:
                if answer.status not in (301, 302, 303, 307, 308):
                    return answer.status, backoff.asked_delay(answer.headers, now())
                url = _followed(url, secret, answer)
        except Untrusted:
            message = f"the certificate of the server of the webhook {secret!r} is not trusted"
            raise RemoteError(message, hint="SSL_CERT_FILE or REQUESTS_CA_BUNDLE names the file with your company's certificates") from None
        except (*BROKEN, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ConnectionRefusedError):
                raise reason from None
            # The words of the error may hold the address: only its kind is told.
            message = f"the server of the webhook {secret!r} did not answer: {type(reason).__name__}"
            raise RemoteError(message, hint="behind a proxy, HTTPS_PROXY and NO_PROXY say which way requests go") from None
    raise RemoteError(f"the webhook {secret!r} was redirected more than {_REDIRECTS} times", hint=f"is the secret {secret} still right?")


def _followed(url: str, secret: str, answer: Answer) -> str:
    to = urllib.parse.urljoin(url, answer.headers.get("location", ""))
    here, there = urllib.parse.urlsplit(url), urllib.parse.urlsplit(to)
    if answer.status not in (307, 308) or (here.scheme, here.netloc) != (there.scheme, there.netloc):
        message = f"the webhook {secret!r} was redirected to another server or method, which is not followed"
        raise RemoteError(message, hint=f"set the secret {secret} to the address that it should go to", status=answer.status)
    return to
