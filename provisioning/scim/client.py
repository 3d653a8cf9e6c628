"""The SCIM client: sends requests with a pool of threads, paced, and reports each to a meter.

Writes of a job go in batches (`send_all`): the meter learns of every attempt before it leaves, and
the caller settles the answers together with what they were made for. Everything else goes one by
one (`read`, `write`), is repeated as the retry decision says, and is settled here. Requests come
from `users`, `groups` and `discovery`, which cannot express what Entra refuses.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import Any, Protocol

from provisioning.domain.permissions import Act
from provisioning.domain.retry import Again, Decision, Gone, Intent, Trouble, decide
from provisioning.domain.threads import Round, Threads
from provisioning.scim.bearer import Bearer
from provisioning.scim.errors import Misconfigured, NotFound, ScimError, error_of
from provisioning.scim.filters import ExternalIdFilter, GroupFilter, UserFilter
from provisioning.scim.groups import get_group, group_list_params
from provisioning.scim.messages import Answer, Attempt, Exchange, Fate, Purpose, Request
from provisioning.scim.pacing import Pacer, SharedBucket
from provisioning.scim.resources import is_list, resources_of
from provisioning.scim.transport import Transport
from provisioning.scim.users import act_of, list_params

# Waits longer than this give the lane back instead of sleeping in it, in seconds.
PATIENCE = 15.0
# How long one request is tried for when nobody but the caller waits for it, in seconds.
_LONGEST = 120.0
# A batch should be over after so many seconds: leases are renewed between two.
_BATCH_SECONDS = 15.0
# Answers that say that the service has too much to do.
_PUSHED_BACK = (429, 503)
_HELD = "Kept back, to stay within what Entra allows."

Page = list[dict[str, Any]]


class Meter(Protocol):
    """Learns of every attempt before it leaves and of its end."""

    def opened(self, attempts: Sequence[Attempt]) -> None: ...

    def settled(self, exchanges: Sequence[Exchange]) -> None: ...


class ScimClient:
    """Calls of one tenant.

    Up to `threads` requests are on their way at once, as many as help (`domain.threads`); `used` is
    what the lane has come to before. `lease` renews the right to call and gives the monotonic
    deadline of it; it raises when the right was lost, which ends whatever was being read.
    """

    def __init__(
        self,
        transport: Transport,
        meter: Meter,
        bearer: Bearer,
        *,
        threads: int,
        used: int | None = None,
        lease: Callable[[], float],
        pacer: Pacer | None = None,
        shared: SharedBucket | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._meter = meter
        self.bearer = bearer
        self._lease = lease
        self._pacer = pacer or Pacer()
        self._shared = shared
        self._sleep = sleep
        self._chance = chance
        self._refused = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="scim")
        self.threads = Threads.begin(threads, used)
        self._waits: list[float] = []

    def held(self) -> float:
        """Seconds for which nothing may leave, because Entra asked to slow down."""
        return self._pacer.held()

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

        What the quotas do not let out before the deadline, or within a short wait, stays unsent.
        """
        late = self._await_shared([attempt.request for attempt in attempts], deadline)
        if late:
            return [Exchange(attempt, _kept_back(late)) for attempt in attempts]
        self._waits.clear()
        gate = BoundedSemaphore(self.threads.number)

        def send(attempt: Attempt) -> Exchange:
            with gate:
                return self._send(attempt, deadline)

        exchanges = list(self._pool.map(send, attempts))
        if len(attempts) > 1:
            self.threads = self.threads.after(_seen(exchanges, self._waits))
        return exchanges

    def fits(self, most: int) -> int:
        """How many requests the next batch should hold, so that its end is near."""
        return min(most, self.threads.fits(_BATCH_SECONDS))

    def read(self, request: Request) -> Any:
        """Body of a GET, repeated while that helps; raises ScimError when it does not."""
        return self._carry_out(request, Intent.READ)

    def write(self, request: Request) -> Any:
        """Carry out one write, and give the body of its answer (None: there is none).

        It is repeated while that helps and can do no harm. Raises ScimError: UnknownOutcome for a
        creation nobody knows the end of, Conflict for a taken name. What was to be removed and is
        gone already counts as removed.
        """
        return self._carry_out(request, request.intent)

    def remove_member(self, request: Request) -> None:
        """Carry out the removal of a member; "not found" is believed if the group exists."""
        try:
            self.write(request)
        except NotFound:
            self.read(get_group(request.path.rpartition("/")[2], request.subject))

    def users(
        self,
        purpose: Purpose,
        attributes: Sequence[str],
        where: UserFilter | ExternalIdFilter | None = None,
    ) -> Iterator[Page]:
        """Pages of users in the fewest calls: 999 a page, or 100 with the manager in it."""
        params = list_params(where, attributes)
        return self._pages(Request("GET", "/users", purpose, params=params, act=act_of(params)))

    def groups(self, purpose: Purpose, where: GroupFilter | None = None) -> Iterator[Page]:
        """Pages of groups in the fewest calls: 1,000 a page."""
        params = group_list_params(where)
        return self._pages(Request("GET", "/groups", purpose, params=params, act=Act.READ_GROUPS))

    def members(
        self, group_id: str, purpose: Purpose, attributes: Sequence[str] = ("userName",)
    ) -> Iterator[Page]:
        """Pages of the users who are direct members of a group."""
        return self.users(purpose, attributes, UserFilter.member_of(group_id))

    def groups_of(self, user_id: str, purpose: Purpose) -> Iterator[Page]:
        """Pages of the groups whose direct member a user is, dynamic ones included."""
        return self.groups(purpose, GroupFilter.has_member(user_id))

    def after(
        self,
        error: ScimError,
        intent: Intent,
        attempts: int,
        lookup_delay: float,
        elapsed: float = 0.0,
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
            elapsed=elapsed,
        )

    def _pages(self, request: Request) -> Iterator[Page]:
        """All pages of a list, cursor until there is none.

        Raises Misconfigured for an answer that is no list, or a cursor that comes again: either
        would be taken for an empty directory, or be paid for without end.
        """
        cursor, seen = "", {""}
        while True:
            params = dict(request.params) | ({"cursor": cursor} if cursor else {})
            page = Request("GET", request.path, request.purpose, params=params, act=request.act)
            body = self.read(page)
            if not is_list(body):
                raise Misconfigured(_strange("The answer is no list."))
            yield resources_of(body)
            cursor = str(body.get("nextCursor") or "")
            if not cursor:
                return
            if cursor in seen:
                raise Misconfigured(_strange("The next page's cursor was used before."))
            seen.add(cursor)

    def _carry_out(self, request: Request, intent: Intent) -> Any:
        attempts, began = 0, time.monotonic()
        while True:
            deadline = self._lease()
            self.ready()
            attempt = Attempt(request)
            self._meter.opened([attempt])
            (exchange,) = self.send_all([attempt], deadline)
            self._meter.settled([exchange])
            attempts += 1
            error = error_of(exchange)
            if error is None:
                self.bearer.worked()
                return exchange.answer.body
            decision = self.after(error, intent, attempts, 0.0)
            if isinstance(decision, Gone):
                return None
            tried = time.monotonic() - began
            if not isinstance(decision, Again) or decision.after > min(PATIENCE, _LONGEST - tried):
                raise error
            self._sleep(decision.after)

    def _await_shared(self, requests: Sequence[Request], deadline: float) -> float:
        """Wait for the application's quota over all tenants; seconds if that is too long here."""
        writes = sum(request.method != "GET" for request in requests)
        if self._shared is None or not writes:
            return 0.0
        patience = min(PATIENCE, deadline - time.monotonic())
        wait = self._shared.reserve(writes, patience)
        if wait > patience:
            return wait
        self._sleep(wait)
        return 0.0

    def _send(self, attempt: Attempt, deadline: float) -> Exchange:
        """Send when the quotas allow it; unsent if that is too late or too long to wait here."""
        request = attempt.request
        ticket = self._pacer.enter(request)
        wait = waited = ticket.wait
        while wait > 0:
            if wait > PATIENCE or time.monotonic() + wait >= deadline:
                self._pacer.give_back(ticket)
                return Exchange(attempt, _kept_back(wait))
            self._sleep(wait)
            wait = self._pacer.start(ticket)
            waited += wait
        self._waits.append(waited)
        self._pacer.start(ticket)
        answer = self._transport.send(attempt, deadline)
        self._pacer.leave(request, ticket, answer)
        return Exchange(attempt, answer)


def _seen(exchanges: Sequence[Exchange], waits: Sequence[float]) -> Round:
    """What a batch says about the number of threads; only answers tell how long one takes."""
    answers = [each.answer for each in exchanges if each.answer.fate is Fate.ANSWERED]
    refused = sum(answer.status in _PUSHED_BACK for answer in answers)
    return Round([answer.duration_ms / 1000 for answer in answers], tuple(waits), refused)


def _kept_back(wait: float) -> Answer:
    """Never left; like Entra's own answer it says when to come again."""
    headers = {"retry-after": f"{wait:.3f}"}
    return Answer(Fate.KEPT_BACK, datetime.now(UTC), 0, headers=headers, failure=_HELD)


def _strange(failure: str) -> Answer:
    return Answer(Fate.ANSWERED, datetime.now(UTC), 0, 200, failure=failure)
