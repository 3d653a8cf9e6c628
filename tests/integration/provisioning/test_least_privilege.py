"""Twelve profiles with the advised permissions: enough for everything, and not one too many.

Each goes through its life in a sandbox that enforces permissions: the connection is tested, people
join, change, move between groups, are adopted, and leave. Then it does so again without each one
of the advised permissions in turn, and something has to be refused.
"""

import csv
import io
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from provisioning.domain.attributes import CUSTOM, ENTRA
from provisioning.models import ConnectionTest, Job, Lane
from provisioning.scim.errors import ScimError
from provisioning.services import slices
from provisioning.services.connection import try_connection
from provisioning.services.permitted import advice_for
from provisioning.services.schema import read_targets
from tenants import tokens
from tenants.models import User
from tests.support.engine import CLIENT_ID, DOMAIN, SECRET, Engine, add_engine, first_price
from tests.support.sandbox import RunningSandbox

COLUMNS = ("id", "given", "family", "phone", "mail", "title", "unit", "left", "level")
NICKNAME = f"{ENTRA}:mailNickname"
LEAVE_DATE = f"{ENTRA}:employeeLeaveDateTime"
LEVEL = f"{CUSTOM}:HR.Level"
ONCE = {
    "userName": f'Append([id], "@{DOMAIN}")',
    "displayName": 'Join(" ", [given], [family])',
    "name.givenName": "[given]",
    "name.familyName": "[family]",
    NICKNAME: "[id]",
}
PHONE = {"target": 'phoneNumbers[type eq "mobile"].value', "column": "phone"}
MAIL = {"target": 'emails[type eq "other"].value', "column": "mail"}
TITLE = {"target": "title", "column": "title"}
QUIET = {"leavers": [{"after_days": 0, "do": "remove_from_groups"}]}
SET_DATE = {
    "leavers": [
        {"after_days": 0, "do": "set", "target": LEAVE_DATE, "constant": "2026-07-01T00:00:00Z"}
    ]
}
DELETES = {
    "last_day": {"column": "left"},
    "leavers": [{"after_days": 0, "do": "disable"}, {"after_days": 1, "do": "delete"}],
}
EXISTING = "5a1c3f0e-7a11-4c52-9d3e-2f6b8c0d1e77"
STAFF = {"rule": "staff", "group": "All staff"}
UNIT = {"rule": "unit", "column": "unit"}

SETS = {"HR": [{"name": "Level", "type": "String"}]}

PROFILES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "accounts only": ([], {"lifecycle": QUIET}),
    "accounts, disabled when people leave": ([], {}),
    "mobile numbers": ([PHONE], {}),
    "other e-mail addresses": ([MAIL], {"lifecycle": QUIET}),
    "the date of leaving": ([], {"lifecycle": SET_DATE}),
    "job titles": ([TITLE], {}),
    "adoption": ([], {"matching": ["userName"], "lifecycle": QUIET}),
    "deletion": ([TITLE], {"lifecycle": DELETES}),
    "a group by condition": ([], {"groups": [STAFF]}),
    "an existing group": ([], {"groups": [STAFF | {"adopt": EXISTING}]}),
    "a group for each unit": ([TITLE], {"groups": [UNIT | {"emptied": "delete"}]}),
    "custom security attributes": ([{"target": LEVEL, "column": "level"}], {"lifecycle": QUIET}),
}


def profile(name: str) -> dict[str, Any]:
    rules, parts = PROFILES[name]
    once = [{"target": t, "expression": e, "when": "create"} for t, e in ONCE.items()]
    return {"key_column": "id", "attributes": [*once, *rules], **parts}


def table(*people: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([COLUMNS, *people])
    return out.getvalue().encode()


ANN = ("a1", "Ann", "Ash", "+44 20 7946 0001", "ann@home.example", "Clerk", "North", "", "L1")
BEN = ("b2", "Ben", "Birch", "+44 20 7946 0002", "ben@home.example", "Clerk", "North", "", "L1")
CAT = ("c3", "Cat", "Cedar", "+44 20 7946 0003", "cat@home.example", "Clerk", "south", "", "L2")
DAN = ("d4", "Dan", "Dogwood", "+44 20 7946 0004", "dan@home.example", "Clerk", "North", "", "L2")
ANN_MOVED = ("a1", "Ann", "Ash", "+44 20 7946 0011", "a@home.example", "Chief", "North", "", "L3")
# The unit written in another way is the same group under another name.
CAT_MOVED = (
    "c3",
    "Cat",
    "Cedar",
    "+44 20 7946 0003",
    "cat@home.example",
    "Clerk",
    "South",
    "",
    "L2",
)
FIRST, SECOND = (ANN, BEN, CAT, DAN), (ANN_MOVED, CAT_MOVED, DAN)
THIRD = (ANN_MOVED, (*CAT_MOVED[:7], "2026-01-31", "L2"))


class Refused(Exception):
    """Something was not permitted."""


@dataclass
class Life:
    """One tenant through everything its profile does."""

    engine: Engine
    name: str

    def live(self) -> None:
        """Raises Refused at the first refusal."""
        test = try_connection(tenant=self.engine.tenant, by=self.engine.engineer)
        # The comparison with the advice proves nothing about it: only what a call answers counts.
        for step in test.steps:
            if step["key"] != "permissions" and step["state"] == "failed":
                raise Refused(step["words"])
        for people in (FIRST, SECOND, THIRD, THIRD):
            # What a test has shown would stop the approval before the call that shows it.
            ConnectionTest.objects.all().delete()
            self._sync(table(*people))

    def _sync(self, file: bytes) -> None:
        job = self._serve(self.engine.upload(file))
        if job.state == Job.State.PLANNED:
            job = self.engine.approve(
                job, include_withheld=True, include_adoptions=True, include_deletes=True
            )
            job = self._serve(job)
        assert job.state == Job.State.FINISHED, (job.state, job.problem)
        failed = job.operations.filter(state="failed").first()
        if failed is not None:
            raise Refused(failed.message)

    def _serve(self, job: Job) -> Job:
        for _ in range(200):
            job = self.engine.fresh(job)
            if job.state not in Job.IN_LANE:
                return job
            if job.problem:
                raise Refused(job.problem)
            if not slices.serve_next():
                now = timezone.now()
                Lane.objects.update(wake_at=now)
                job.operations.filter(not_before__gt=now).update(not_before=now)
        raise AssertionError(f"{self.name}: no end, {job.problem}")


@pytest.fixture
def directories(sandbox: RunningSandbox) -> Any:
    people: list[User] = []

    def make(name: str, permissions: tuple[str, ...] | None) -> Engine:
        first_price()
        tokens._applications.clear()
        engine = add_engine(
            sandbox,
            f"p{len(people)}",
            people[0] if people else None,
            custom_attributes=SETS,
        )
        people.append(engine.engineer)
        engine.seed({"userName": f"d4@{DOMAIN}", "name": {"givenName": "D", "familyName": "D"}})
        group = {
            "id": EXISTING,
            "displayName": "All staff",
            f"{GROUP_URN}": {"mailEnabled": False, "securityEnabled": True, "mailNickname": "all"},
        }
        ids = sandbox.seed(engine.directory_id, groups=[group])["groups"]
        definition = profile(name)
        for rule in definition.get("groups", []):
            if rule.get("adopt"):
                rule["adopt"] = ids[0]
        if CUSTOM in str(definition):
            read_targets(tenant=engine.tenant, by=None)
        engine.publish(definition)
        if permissions is not None:
            grant(sandbox, engine, permissions)
        return engine

    return make


GROUP_URN = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:Group"


def grant(sandbox: RunningSandbox, engine: Engine, permissions: tuple[str, ...]) -> None:
    app = {"client_id": CLIENT_ID, "client_secret": SECRET, "permissions": list(permissions)}
    sandbox.put_tenant(engine.directory_id, applications=[app])
    tokens._applications.clear()


@pytest.mark.parametrize("name", PROFILES)
def test_the_advised_permissions_are_enough_and_none_is_too_many(
    name: str, directories: Any, sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = directories(name, None)
    advised = advice_for(engine.tenant).names
    grant(sandbox, engine, advised)
    Life(engine, name).live()
    told = []
    for left_out in advised:
        rest = tuple(each for each in advised if each != left_out)
        life = Life(directories(name, rest), name)
        try:
            life.live()
        except (Refused, ScimError) as refusal:
            told.append((left_out, str(refusal)))
        else:
            pytest.fail(f"{name}: nothing was refused without {left_out}")
    with capsys.disabled():
        print(f"\n{name}: {', '.join(advised)}")
        for left_out, refusal in told:
            print(f"    without {left_out}: {refusal[:110]}")


def test_there_are_twelve_different_ones() -> None:
    assert len({str(profile(name)) for name in PROFILES}) == 12
    assert uuid.UUID(EXISTING)
