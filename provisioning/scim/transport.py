"""One HTTP attempt at a time: sends a request, reads the answer within time and size limits.

It never raises for what the network or the service does: every attempt ends in an `Answer` whose
fate says what is known, because the meter has to count it either way.
"""

import json
import ssl
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

import httpx

from provisioning.scim.bearer import Bearer
from provisioning.scim.messages import Answer, Attempt, Fate, Purpose

_MAX_BYTES = 64 * 1024 * 1024
# Who may no longer sign in comes first, looking around comes last (Graph throttling guidance).
_PRIORITY = {Purpose.DISABLE: "high", Purpose.INVENTORY: "low", Purpose.VERIFY: "low"}
# Raised before anything of the request was written, so it surely never reached the service.
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
# A body nested a hundred thousand deep is no answer either.
_NO_JSON = (ValueError, RecursionError)


class WrongHost(Exception):
    """The address is none of the tenant's cloud; nothing is sent there."""


class Transport(Protocol):
    """Sends one attempt and says how it ended; `deadline` on the monotonic clock, in seconds."""

    def send(self, attempt: Attempt, deadline: float) -> Answer: ...

    def close(self) -> None: ...


class HttpTransport:
    """The transport over httpx, safe to share between threads.

    It reaches `origins` only (`https://name[:port]`); raises WrongHost for another base address.
    """

    def __init__(
        self,
        base_url: str,
        bearer: Bearer,
        *,
        origins: Collection[str],
        timeout: float,
        threads: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        base = httpx.URL(base_url)
        if f"{base.scheme}://{base.netloc.decode()}" not in origins:
            raise WrongHost(f"{base_url} is not an address of this tenant's cloud.")
        self._bearer = bearer
        self._timeout = timeout
        self._monotonic = monotonic
        self._client = httpx.Client(
            base_url=base_url,
            timeout=httpx.Timeout(timeout, connect=min(10.0, timeout)),
            limits=httpx.Limits(max_connections=threads, max_keepalive_connections=threads),
            follow_redirects=False,
            http2=False,
            verify=_trusted(),
        )

    def send(self, attempt: Attempt, deadline: float) -> Answer:
        """Send unless the deadline has passed; reading ends `timeout` seconds after the start."""
        started_at, began = datetime.now(UTC), self._monotonic()
        if began >= deadline:
            return Answer(Fate.UNSENT, started_at, 0, failure="The lane's lease ran out.")
        try:
            answer = self._exchange(attempt, began + self._timeout)
            fate, status, headers, body, failure = answer
        except _NEVER_LEFT as error:
            fate, status, headers, body, failure = Fate.UNSENT, None, {}, None, str(error)
        except (httpx.HTTPError, httpx.StreamError) as error:
            failure = f"{type(error).__name__}: {error}"
            fate, status, headers, body = Fate.UNCERTAIN, None, {}, None
        took = round((self._monotonic() - began) * 1000)
        return Answer(fate, started_at, took, status, headers, body, failure)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _exchange(
        self, attempt: Attempt, until: float
    ) -> tuple[Fate, int | None, dict[str, str], Any, str]:
        request = attempt.request
        with self._client.stream(
            request.method,
            request.path,
            params=dict(request.params) or None,
            content=None if request.body is None else json.dumps(request.body),
            headers=self._headers(attempt),
        ) as response:
            headers, content = dict(response.headers), self._read(response, until)
            if response.is_success and response.status_code != 204:
                try:
                    return Fate.ANSWERED, response.status_code, headers, json.loads(content), ""
                except _NO_JSON:
                    # A cut answer, or a proxy's page: nobody knows what the service did.
                    return Fate.UNCERTAIN, None, headers, None, "The answer is not JSON."
            body = _json_or_none(content)
            return Fate.ANSWERED, response.status_code, headers, body, response.reason_phrase

    def _headers(self, attempt: Attempt) -> dict[str, str]:
        request = attempt.request
        # Entra refuses a specific JSON type in the Accept of a DELETE, and wants it elsewhere.
        accept = "*/*" if request.method == "DELETE" else "application/json"
        headers = {
            "Authorization": f"Bearer {self._bearer.value}",
            "Accept": accept,
            # The id the attempt is metered under: what Microsoft's support can look for.
            "client-request-id": str(attempt.id),
            "x-ms-throttle-priority": _PRIORITY.get(request.purpose, "normal"),
        }
        if request.body is not None:
            headers["Content-Type"] = "application/scim+json"
        return headers

    def _read(self, response: httpx.Response, until: float) -> bytes:
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > _MAX_BYTES:
                raise httpx.ReadError("The answer is larger than 64 MiB.")
            if self._monotonic() > until:
                raise httpx.ReadTimeout("The answer took too long.")
        return bytes(content)


@cache
def _trusted() -> ssl.SSLContext:
    """Certificates of the world: loading them takes longer than most calls, so once a process."""
    return httpx.create_ssl_context()


def _json_or_none(content: bytes) -> Any:
    try:
        return json.loads(content)
    except _NO_JSON:
        return None
