"""The SCIM client: builds requests, sends them with a pool of threads, reports each to a meter.

Writes go in batches (`send_all`): the meter learns of every attempt before it leaves, and the
caller settles the answers together with what they were made for. Reads go one by one (`read`),
are repeated as the retry decision says, and are settled here.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import Any, Protocol

from provisioning.domain.retry import Again, Decision, Intent, Trouble, decide
from provisioning.scim.bearer import Bearer
from provisioning.scim.errors import Misconfigured, ScimError, error_of
from provisioning.scim.filters import eq
from provisioning.scim.messages import Answer, Attempt, Exchange, Fate, Purpose, Request
from provisioning.scim.resources import (
    ENTRA,
    is_list,
    members_of,
    patch_body,
    projection,
    user_resource,
)
from provisioning.scim.transport import Transport

PAGE = 999  # the largest page Entra gives; needs a projection without `manager`
INVENTORY = (
    "userName",
    "externalId",
    "active",
    "displayName",
    f"{ENTRA}:onPremisesSyncEnabled",
    f"{ENTRA}:userType",
)
# Waits longer than this give the lane back instead of sleeping in it, in seconds.
PATIENCE = 15.0
_TOO_MANY = 429
_HELD = "Kept back, because Entra asked to slow down."
_WHO = ("userName", "externalId", "active", "displayName")


class Meter(Protocol):
    """Learns of every attempt before it leaves and of its end."""

    def opened(self, attempts: Sequence[Attempt]) -> None: ...

    def settled(self, exchanges: Sequence[Exchange]) -> None: ...


class ScimClient:
    """Calls of one tenant.

    `lease` renews the right to call and gives the monotonic deadline of it; it raises when the
    right was lost, which ends whatever was being read.
    """

    def __init__(
        self,
        transport: Transport,
        meter: Meter,
        bearer: Bearer,
        *,
        threads: int,
        lease: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._meter = meter
        self.bearer = bearer
        self._lease = lease
        self._sleep = sleep
        self._chance = chance
        self._refused = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="scim")

    def close(self) -> None:
        """End the threads and connections."""
        self._pool.shutdown()
        self._transport.close()

    def ready(self) -> None:
        """Have a token for the next calls; a fresh one when the last was refused. May raise."""
        if self._refused:
            self._refused = False
            self.bearer.replace()
        else:
            self.bearer.ensure()

    def send_all(self, attempts: Sequence[Attempt], deadline: float) -> list[Exchange]:
        """Send attempts that the caller has journaled; answers in the same order, not settled.

        Once one is answered 429, what has not left yet stays: its quota is used up.
        """
        throttled = Event()

        def send(attempt: Attempt) -> Exchange:
            if throttled.is_set():
                return Exchange(attempt, Answer(Fate.UNSENT, datetime.now(UTC), 0, failure=_HELD))
            exchange = self._send(attempt, deadline)
            if exchange.answer.status == _TOO_MANY:
                throttled.set()
            return exchange

        return list(self._pool.map(send, attempts))

    def read(self, request: Request) -> Any:
        """Body of a GET, repeated while that helps; raises ScimError when it does not."""
        attempts = 0
        while True:
            deadline = self._lease()
            self.ready()
            attempt = Attempt(request)
            self._meter.opened([attempt])
            exchange = self._send(attempt, deadline)
            self._meter.settled([exchange])
            attempts += 1
            error = error_of(exchange)
            if error is None:
                self.bearer.worked()
                return exchange.answer.body
            self._wait_or_raise(error, attempts)

    def users(self, purpose: Purpose, attributes: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        """Pages of all users, in the fewest calls: 999 a page, cursor until there is none.

        Raises Misconfigured for an answer that is no list, or a cursor that comes again: either
        would be taken for a directory without people, or be paid for without end.
        """
        params = {"attributes": projection(attributes), "count": str(PAGE)}
        cursor, seen = "", {""}
        while True:
            asked = params | ({"cursor": cursor} if cursor else {})
            body = self.read(Request("GET", "/users", purpose, params=asked))
            if not is_list(body):
                raise Misconfigured(_strange("The answer is no list of users."))
            yield members_of(body)
            cursor = str(body.get("nextCursor") or "")
            if not cursor:
                return
            if cursor in seen:
                raise Misconfigured(_strange("The next page's cursor was used before."))
            seen.add(cursor)

    def after(
        self, error: ScimError, intent: Intent, attempts: int, lookup_delay: float
    ) -> Decision:
        """What to do after this error; a refused token is replaced once before giving up.

        The fresh token is fetched by `ready`: answers are settled inside a transaction, and all
        calls of a batch were sent with the same token.
        """
        if error.trouble is Trouble.CREDENTIAL_REFUSED and self.bearer.replaceable:
            self._refused = True
            return Again(0.0)
        return decide(
            intent,
            error.trouble,
            attempts=attempts,
            retry_after=error.retry_after,
            jitter=self._chance(),
            lookup_delay=lookup_delay,
        )

    def _wait_or_raise(self, error: ScimError, attempts: int) -> None:
        decision = self.after(error, Intent.READ, attempts, 0.0)
        if not isinstance(decision, Again) or decision.after > PATIENCE:
            raise error
        self._sleep(decision.after)

    def _send(self, attempt: Attempt, deadline: float) -> Exchange:
        return Exchange(attempt, self._transport.send(attempt.request, deadline))


def _strange(failure: str) -> Answer:
    return Answer(Fate.ANSWERED, datetime.now(UTC), 0, 200, failure=failure)


def create_user(state: Mapping[str, str | bool | None], password: str, subject: str) -> Request:
    """Request that creates a user; the password is made for this request only."""
    return Request(
        "POST",
        "/users",
        Purpose.CREATE,
        Intent.CREATE,
        body=user_resource(state, password),
        subject=subject,
    )


def change_user(
    entra_id: str, changes: Mapping[str, str | bool | None], purpose: Purpose, subject: str
) -> Request:
    """Request that changes any number of attributes of one user in one call."""
    return Request(
        "PATCH",
        f"/users/{entra_id}",
        purpose,
        Intent.CHANGE,
        body=patch_body(changes),
        subject=subject,
    )


def find_user(attribute: str, value: str, subject: str) -> Request:
    """Request that looks up one user by userName or externalId."""
    params = {"filter": eq(attribute, value), "attributes": projection(_WHO)}
    return Request("GET", "/users", Purpose.LOOKUP, params=params, subject=subject)
