"""GitHub's REST API as jobs ask it: one repository, JSON in and out, the zip files of artifacts; with retries and named errors.

https://docs.github.com/rest. The token is sent to the API's own host only, and stands in no error.
"""

from __future__ import annotations

import contextlib
import json
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import orch
from orch import files
from orch.errors import RemoteError, SettingsError
from orch.model.canonical import Json
from orch.runtime import backoff, clock
from orch.runtime.web import BROKEN, Answer, Request, Web

VERSION: Final = "2022-11-28"  # https://docs.github.com/rest/about-the-rest-api/api-versions
PER_PAGE: Final = 100
LARGEST_ANSWER: Final = 32 << 20
LARGEST_ARTIFACT: Final = 5 << 30
_REDIRECTS: Final = 5
_REDIRECTING: Final = (301, 302, 303, 307, 308)
_LARGEST_REFUSAL: Final = 1 << 20
_WORDS: Final = 300  # of what the server says, in an error

T = TypeVar("T")
Query = Mapping[str, str | int]


class Api:
    """`needs` of a call is the line of `permissions:` that its job must have, for the error that says so.

    Raises RemoteError with the `status` of the answer.
    """

    def __init__(
        self,
        url: str,
        repository: str,
        token: str,
        web: Web,
        *,
        now: Callable[[], float] = clock.now,
        sleep: Callable[[float], None] = clock.sleep,
        jitter: Callable[[], float] = backoff.jitter,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.url = url.rstrip("/")
        self.repository = repository
        self._token = token
        self._web = web
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._log = log
        self.calls = 0  # requests to the API, without those to its storage

    @classmethod
    def of_job(cls, environment: Mapping[str, str], *, log: Callable[[str], None] = lambda _: None) -> Api:
        """As the variables of a job say, and `GITHUB_TOKEN`, which its workflow has to hand over."""
        repository, token = (environment.get(name, "") for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"))
        for name, value in (("GITHUB_REPOSITORY", repository), ("GITHUB_TOKEN", token)):
            if not value or any(character.isspace() for character in value):
                raise SettingsError(f"{name} is not set, and GitHub's API cannot be asked without it", hint="is this a job of a workflow?")
        return cls(environment.get("GITHUB_API_URL") or "https://api.github.com", repository, token, Web(environment), log=log)

    # --- JSON ---

    def get(self, path: str, query: Query | None = None, *, needs: str) -> Json:
        """`path` is below the repository, as `actions/runs/1`."""
        return self._json(self._request("GET", path, query), needs, repeatable=True)

    def pages(self, path: str, key: str, query: Query | None = None, *, needs: str, most: int = 100) -> Iterator[Json]:
        """The items of all pages, of at most `most`; `key` names their list in the answer, empty where the answer is the list."""
        for page in range(1, most + 1):
            answer = self.get(path, {**(query or {}), "per_page": PER_PAGE, "page": page}, needs=needs)
            items = answer.get(key) if key and isinstance(answer, dict) else answer
            if not isinstance(items, list):
                raise RemoteError(
                    f"the answer to GET {path} has no list{f' {key!r}' if key else ''}", hint=f"is {self.url!r} GitHub's API?"
                )
            yield from items
            if len(items) < PER_PAGE:
                return

    def post(self, path: str, body: Json = None, *, needs: str, repeatable: bool = False) -> Json:
        """With `repeatable`, as to cancel a run, it is sent again also where the first may have been carried out."""
        return self._json(self._request("POST", path, None, body), needs, repeatable=repeatable)

    def patch(self, path: str, body: Json, *, needs: str) -> Json:
        return self._json(self._request("PATCH", path, None, body), needs, repeatable=True)

    # --- artifacts ---

    def download(self, artifact: int, target: Path, *, needs: str = "actions: read", limit: int = LARGEST_ARTIFACT) -> None:
        """The zip file of an artifact; `target` appears whole or not at all. Gone or expired: RemoteError with the status 404 or 410."""
        request = self._request("GET", f"actions/artifacts/{artifact}/zip", None)
        self._try(request, needs, lambda answer: self._save(answer, target, limit), repeatable=True)

    def _save(self, answer: Answer, target: Path, limit: int) -> None:
        temporary = target.with_name(f"{target.name}.part")
        try:
            descriptor = files.create(temporary)
            with files.RawFile(descriptor) as file:
                for chunk in answer.chunks(limit):
                    file.write(chunk)
            files.rename(temporary, target)
        except BaseException:
            files.unlink(temporary)
            raise

    # --- one request ---

    def _request(self, method: str, path: str, query: Query | None, body: Json = None) -> Request:
        url = f"{self.url}/repos/{self.repository}/{path}"
        if query:
            url += f"?{urllib.parse.urlencode(query)}"
        data = None if body is None and method == "GET" else json.dumps({} if body is None else body).encode()
        return Request(method, url, self._headers(data), data)

    def _headers(self, data: bytes | None) -> dict[str, str]:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": f"orch-toolkit/{orch.__version__}",
            "X-GitHub-Api-Version": VERSION,
        }
        return headers if data is None else headers | {"Content-Type": "application/json"}

    def _json(self, request: Request, needs: str, *, repeatable: bool) -> Json:
        return self._try(request, needs, lambda answer: self._parsed(request, answer), repeatable=repeatable)

    def _parsed(self, request: Request, answer: Answer) -> Json:
        text = answer.read(LARGEST_ANSWER)
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RemoteError(f"the answer to {self._told(request)} is not JSON", hint=f"is {self.url!r} GitHub's API?") from error

    def _try(self, request: Request, needs: str, use: Callable[[Answer], T], *, repeatable: bool) -> T:
        """`use` of the answer to `request`, which is sent again as long as that may help."""
        tries = 0
        while True:
            tries += 1
            try:
                return self._once(request, needs, use, repeatable=repeatable)
            except _Passing as passing:
                if tries == backoff.TRIES or passing.wait > backoff.LONGEST:
                    raise passing.error from passing.__cause__
                wait = passing.wait or backoff.delay(tries, self._jitter())
                self._log(f"{passing.error.message}: try {tries + 1} of {backoff.TRIES} in {wait:.1f} s")
                self._sleep(wait)

    def _once(self, request: Request, needs: str, use: Callable[[Answer], T], *, repeatable: bool) -> T:
        sent = request
        try:
            for _ in range(_REDIRECTS):
                self.calls += self._is_own(sent.url)
                with self._web.send(sent) as answer:
                    if answer.status in _REDIRECTING and "location" in answer.headers:
                        sent = self._redirected(request, sent, answer.headers["location"])
                        continue
                    if answer.status < 300:
                        return use(answer)
                    self._refuse(request, sent, answer, needs, repeatable=repeatable)
        except BROKEN as error:
            why = self._safe(str(getattr(error, "reason", None) or error) or type(error).__name__)
            hint = "the next run may reach it; behind a proxy, HTTPS_PROXY and NO_PROXY say which way requests go"
            broken = RemoteError(f"{sent.host!r} did not answer {self._told(request)}: {why}", hint=hint)
            if repeatable or isinstance(getattr(error, "reason", error), ConnectionRefusedError):
                raise _Passing(broken) from error
            raise broken from error
        raise RemoteError(f"{self._told(request)} was redirected more than {_REDIRECTS} times", hint=f"is {self.url!r} GitHub's API?")

    def _redirected(self, request: Request, sent: Request, location: str) -> Request:
        """Elsewhere without the token: storage has an address that is signed, and must not see it. Only what reads goes anywhere."""
        url = urllib.parse.urljoin(sent.url, location)
        was, to = urllib.parse.urlsplit(sent.url).scheme, urllib.parse.urlsplit(url).scheme
        if request.method != "GET" or (was == "https" and to != "https"):
            host = Request("GET", url).host
            raise RemoteError(
                f"{self._told(request)} was redirected to {host!r}, which is not followed", hint="was the repository renamed?"
            )
        headers = sent.headers if self._is_own(url) else {"User-Agent": request.headers["User-Agent"]}
        return Request("GET", url, headers)

    def _is_own(self, url: str) -> bool:
        here, there = urllib.parse.urlsplit(self.url), urllib.parse.urlsplit(url)
        return (here.scheme, here.netloc) == (there.scheme, there.netloc)

    # --- refusals ---

    def _refuse(self, request: Request, sent: Request, answer: Answer, needs: str, *, repeatable: bool) -> None:
        said = self._said(answer)
        limited = backoff.is_limited(answer.status, answer.headers, said)
        told = self._told(request) if self._is_own(sent.url) else f"{self._told(request)} at {sent.host!r}"
        wait = backoff.asked_delay(answer.headers, self._now()) if limited or answer.status == 503 else None
        if limited:
            when = f", again in {wait:.0f} s" if wait is not None else ""
            message, hint = f"GitHub limits how often it is asked, and refused {told}{when}", "re-run the failed jobs then"
        else:
            accepted = answer.headers.get("x-accepted-github-permissions", "")
            message, hint = (
                f"GitHub answered {answer.status} to {told}" + (f": {said}" if said else ""),
                _hint(answer.status, accepted, needs),
            )
        error = RemoteError(message, hint=hint, status=answer.status)
        if backoff.is_passing(answer.status, limited=limited, repeatable=repeatable):
            raise _Passing(error, wait or 0.0)
        raise error

    def _said(self, answer: Answer) -> str:
        """The server's own words, as one short line."""
        text = ""
        with contextlib.suppress(RemoteError, ValueError, RecursionError, *BROKEN):
            told: Any = json.loads(answer.read(_LARGEST_REFUSAL))
            text = str(told["message"]) if isinstance(told, dict) and "message" in told else ""
        line = self._safe(" ".join(text.split()))
        return line if len(line) <= _WORDS else f"{line[: _WORDS - 1]}…"

    def _told(self, request: Request) -> str:
        return f"{request.method} {urllib.parse.urlsplit(request.url).path}"

    def _safe(self, text: str) -> str:
        return text.replace(self._token, "***") if self._token else text


class _Passing(Exception):
    """`error` may be gone after `wait` seconds; 0 where nobody said."""

    def __init__(self, error: RemoteError, wait: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait = wait


def _hint(status: int, accepted: str, needs: str) -> str:
    lines = accepted.replace("=", ": ").replace(";", " or") or needs  # as `issues=write; pull_requests=write`
    if status == 401:
        return "the token is wrong, or its job has ended: tokens of jobs are good for that long"
    if status == 403:
        return f"the job needs `permissions:` with `{lines}`; runs of forks and Dependabot never get to write"
    if status in (404, 410):
        return f"it is gone, or hidden: the job needs `permissions:` with `{lines}`"
    if status >= 500:
        return "https://www.githubstatus.com says whether GitHub has trouble; re-run the failed jobs then"
    return "the server's own words say why; https://docs.github.com/rest has every request"
