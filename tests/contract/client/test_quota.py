"""At quota: the paced client uses nearly all that Entra allows and is not refused.

The buckets have their real sizes and begin empty; their clock is scaled so that the allowed rate is
one that a busy machine reaches. Each run lasts until two fifths of a bucket have come free. The
suite drives the writes, `make quota` every quota.
"""

import os
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from provisioning.domain.pacing import TENANT_WRITES, Quota, tenant_units
from provisioning.scim.bearer import Bearer
from provisioning.scim.client import ScimClient
from provisioning.scim.filters import UserFilter
from provisioning.scim.messages import Attempt, Purpose, Request
from provisioning.scim.pacing import Pacer
from provisioning.scim.transport import HttpTransport
from provisioning.scim.users import change_user, find_users
from tests.contract.client.conftest import Meter
from tests.support.sandbox import RunningSandbox

ALL = os.environ.get("QUOTA_ALL") == "1"
ROUND = 32
RATE = 60.0  # tokens a second that the scaled clock gives
SHARE = 0.4  # of a bucket


@dataclass(frozen=True)
class Case:
    """Which quota binds: people in the directory, writes or lists."""

    name: str
    people: int
    writes: bool

    @property
    def quota(self) -> Quota:
        """The quota that binds, by Entra's clock."""
        return TENANT_WRITES if self.writes else tenant_units(self.people)

    @property
    def clock(self) -> float:
        """How much faster the sandbox's clock runs."""
        return RATE * self.quota.seconds / self.quota.tokens


CASES = [
    Case("3,000 writes per 150 s", 10, writes=True),
    Case("size S: 3,500 units per 10 s", 10, writes=False),
    Case("size M: 5,000 units per 10 s", 200, writes=False),
    Case("size L: 8,000 units per 10 s", 600, writes=False),
]


@dataclass
class Driven:
    """What a run came to: answers by status, seconds from the first to the last."""

    statuses: Counter[int | None]
    seconds: float


def drive(client: ScimClient, seconds: float, request: Callable[[int], Request]) -> Driven:
    """Send rounds, as a job does, for so many seconds."""
    statuses: Counter[int | None] = Counter()
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < seconds:
        attempts = [Attempt(request(number + each)) for each in range(ROUND)]
        number += ROUND
        exchanges = client.send_all(attempts, time.monotonic() + 60)
        statuses.update(exchange.answer.status for exchange in exchanges)
    return Driven(statuses, time.monotonic() - began)


@pytest.fixture(params=CASES if ALL else CASES[:1], ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def run(sandbox: RunningSandbox, case: Case) -> Iterator[Callable[[float], Driven]]:
    clients: list[ScimClient] = []

    def driven(other: float) -> Driven:
        tenant = str(uuid.uuid4())
        app = {"client_id": "app", "client_secret": "secret"}
        settings = {
            "throttle": True,
            "throttle_scale": case.clock,
            "throttle_start": "empty",
            "throttle_other_share": other,
        }
        sandbox.put_tenant(
            tenant, domains=["fabled.example"], applications=[app], settings=settings
        )
        ids = sandbox.seed(tenant, users=[person(n) for n in range(case.people)])["users"]
        empty(sandbox, tenant, ids[0])
        client = paced(sandbox, tenant, case)
        clients.append(client)
        seconds = case.quota.tokens * SHARE / RATE / (1.0 - other)
        return drive(client, seconds, lambda number: asked(case, ids, number))

    yield driven
    for client in clients:
        client.close()


def person(number: int) -> dict[str, object]:
    return {
        "userName": f"p{number}@fabled.example",
        "displayName": f"P {number}",
        "name": {"givenName": "P", "familyName": str(number)},
        "active": True,
    }


def empty(sandbox: RunningSandbox, tenant: str, user: str) -> None:
    """Let the sandbox begin its buckets, which it does with the first request of each kind."""
    with sandbox.client(sandbox.token(tenant, "app", "secret")) as scim:
        assert scim.get("/users?attributes=id").status_code == 429
        assert scim.delete(f"/users/{user}").status_code == 429


def asked(case: Case, ids: list[str], number: int) -> Request:
    if case.writes:
        changes = {"title": f"Title {number}"}
        return change_user(ids[number % len(ids)], changes, Purpose.UPDATE, "")
    return find_users(UserFilter.user_name(f"p{number % len(ids)}@fabled.example"))


def paced(sandbox: RunningSandbox, tenant: str, case: Case) -> ScimClient:
    """A client that knows the quotas and that nothing of them is left."""
    bearer = Bearer(lambda _: sandbox.token(tenant, "app", "secret"))
    bearer.ensure()
    base = f"{sandbox.url}/rp/scim"
    transport = HttpTransport(base, bearer, origins={sandbox.url}, timeout=10.0, threads=16)
    pacer = Pacer(
        TENANT_WRITES.scaled(case.clock),
        tenant_units(case.people).scaled(case.clock),
        writes_left=0.0,
        units_left=0.0,
    )
    return ScimClient(
        transport, Meter(), bearer, threads=16, lease=lambda: time.monotonic() + 60, pacer=pacer
    )


def test_nearly_all_of_the_quota_is_used_and_nothing_is_refused(
    run: Callable[[float], Driven], case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    driven = run(0.0)
    share = _share(driven, case, 1.0)
    with capsys.disabled():
        print(f"\n{case.name}: {share:.1%} of the allowed rate, {driven.statuses[429]} refused")
    assert driven.statuses[429] == 0
    assert share >= 0.95


def test_with_a_third_taken_by_somebody_else_hardly_anything_is_refused(
    run: Callable[[float], Driven], case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    driven = run(1 / 3)
    share = _share(driven, case, 2 / 3)
    refused = driven.statuses[429] / driven.statuses.total()
    with capsys.disabled():
        print(f"\n{case.name}, a third taken: {share:.1%} of the rest, {refused:.1%} refused")
    assert refused <= 0.01
    assert share >= 0.95


def _share(driven: Driven, case: Case, left: float) -> float:
    """What was let in, of what the bucket gave in that time, from empty."""
    done = sum(number for status, number in driven.statuses.items() if status in (200, 204))
    return done / (RATE * left * driven.seconds)
