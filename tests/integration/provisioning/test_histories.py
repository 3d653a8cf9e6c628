"""Random HR histories: after every sync the directory is the model's, for the fewest calls.

A history is a run of a hypothesis state machine: each step is a list of events in HR and a sync of
the whole export. So a history that fails is shrunk to the syncs and events that matter. Details
that need no shrinking (the order of rows, how keys are typed, what is said yes to) come from one
drawn seed.

HISTORY_SYNCS syncs in a history for each of HISTORY_SEEDS and both positions of the sandbox's
switch (few for one seed by default; `make histories` takes 50 for several).
"""

import os
import uuid
from collections import Counter
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from provisioning.models import Job, Lane, Operation
from provisioning.services import approval
from tests.support.call_oracle import fewest_calls
from tests.support.engine import CLIENT_ID, DOMAIN, SECRET, add_engine, first_price
from tests.support.hr_directory import directory_of, rest_of
from tests.support.hr_model import GROUP_RULES, Directory, Person, Yes, export, wanted
from tests.support.hr_office import EVENTS, FOUNDER, NAMES, STRANGER, WHO, Event, Office
from tests.support.sandbox import RunningSandbox
from tests.support.staff import profile

SYNCS = int(os.environ.get("HISTORY_SYNCS", "12"))
SEEDS = [int(each) for each in os.environ.get("HISTORY_SEEDS", "164").split()]
LEAVES = (Operation.Kind.LEAVE, Operation.Kind.GROUP_LEAVE)
OFFICE = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:officeLocation"


class History(RuleBasedStateMachine):
    """An office, the model of its directory, and the portal between the office and a sandbox."""

    sandbox: RunningSandbox
    carries: bool
    syncs = calls = 0
    kinds: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.office: Office | None = None
        self.model = Directory()
        self.outside = 0

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        """A company of two, and a directory with strangers. Nothing happens after the seed 0:
        hypothesis begins with the dullest example there is, and that would take as long as others.
        """
        if seed == 0:
            return
        self.office = Office(seed)
        self.engine = add_engine(self.sandbox, f"history-{uuid.uuid4().hex[:12]}")
        self.engine.switch(manager_at_creation=self.carries)
        self.engine.publish(profile(*GROUP_RULES))
        self._strangers()
        self.office.enter(Person("Second", "second", manager=FOUNDER))
        # The directory is read, and says whether a creation may name a manager: where it may not,
        # it refuses one.
        self._sync(self.office, extra=1 + (not self.carries), knows=False)
        for at in range(25):
            self.office.hire([at], "Sales", ("Apollo",))

    def teardown(self) -> None:
        if self.office:
            Lane.objects.filter(tenant=self.engine.tenant).update(wanted=False)
            self.sandbox.delete_tenant(self.engine.directory_id)

    def _strangers(self) -> None:
        users = [
            {"userName": f"{STRANGER}@{DOMAIN}", "title": "Nobody's"},
            {"userName": f"ext@{DOMAIN}", "externalId": "X-1", "active": False},
        ]
        ids = self.engine.seed(*users)
        groups = [{"displayName": "Dept Care", "members": ids}]
        seeded = self.sandbox.seed(self.engine.directory_id, groups=groups)
        self.foreign = {each["userName"] for each in users}
        self.stranger = ids[0]
        self.strangers = {*ids, *seeded["groups"]}
        self.rest = rest_of(self.engine, self.strangers)

    @rule(
        events=st.lists(EVENTS, max_size=14),
        meddled=st.none() | st.tuples(WHO, NAMES),
    )
    def sync(self, events: list[Event], meddled: tuple[int, str] | None) -> None:
        """These happen in HR, perhaps somebody writes into the directory, and then comes a sync."""
        if self.office:
            self.office.take(events)
            if meddled:
                self._meddle(*meddled)
            self._sync(self.office)

    def _meddle(self, who: int, office: str) -> None:
        """Somebody else writes what the profile does not, and puts a stranger into a group."""
        users = [user for user in self.engine.users() if user["id"] not in self.strangers]
        groups = self.sandbox.groups(self.engine.directory_id)
        kept = [each for each in groups if each["displayName"].startswith("Dept ")]
        user, group = users[who % len(users)], kept[who % len(kept)]
        value = [{"value": self.stranger}]
        self._write(f"/users/{user['id']}", {"op": "add", "path": OFFICE, "value": office})
        self._write(f"/groups/{group['id']}", {"op": "add", "path": "members", "value": value})
        self.rest = rest_of(self.engine, self.strangers)

    def _write(self, path: str, operation: dict[str, Any]) -> None:
        token = self.sandbox.token(self.engine.directory_id, CLIENT_ID, SECRET)
        schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        with self.sandbox.client(token) as client:
            answer = client.patch(path, json={"schemas": schemas, "Operations": [operation]})
        assert answer.status_code == 204
        self.outside += 1

    def _sync(self, office: Office, extra: int = 0, *, knows: bool = True) -> None:
        """Sync the books, then the same file again. `extra` calls find out what nobody `knows`."""
        people = list(office.people.values())
        yes = Yes(*(office.random.random() < 0.5 for _ in Yes._fields))
        before, everything = self.model, self._wanted(people, Yes())
        self.model = self._wanted(people, yes)
        file = export(people, office.random)
        counted = self.engine.requests()
        job = self._planned(file)
        carries = self.carries or not knows
        assert job.planned_calls == fewest_calls(before, everything, carries=carries)
        job = self._applied(job, yes)
        assert directory_of(self.engine, self.strangers) == self.model
        made = self.engine.requests() - counted
        assert made - extra == fewest_calls(before, self.model, carries=self.carries)
        self._untouched()
        self._again(file, people)
        office.correct()
        History.syncs, History.calls = History.syncs + 1, History.calls + made
        done = job.operations.filter(state=Operation.State.DONE)
        History.kinds.update(done.values_list("kind", flat=True))

    def _wanted(self, people: list[Person], yes: Yes) -> Directory:
        return wanted(self.model, people, self.foreign, yes)

    def _planned(self, file: bytes) -> Job:
        job = self.engine.upload(file)
        if job.state == Job.State.STOPPED:
            approval.accept_loss(job=job, by=self.engine.engineer)
        job = self.engine.serve(job)
        assert not job.problem, job.problem
        return job

    def _applied(self, job: Job, yes: Yes) -> Job:
        if job.state == Job.State.PLANNED:
            included = {"include_withheld": yes.doubt, "include_deletes": yes.deletes}
            job = self.engine.serve(self.engine.approve(job, **included))
        assert (job.state, job.failed) == (Job.State.FINISHED, 0), self.engine.operations(job)
        return job

    def _untouched(self) -> None:
        """Nothing changed that is not the portal's, and every call is accounted for."""
        rest = rest_of(self.engine, self.strangers)
        there = {each for each in self.rest if each in rest or each in self.strangers}
        assert {each: rest.get(each) for each in there} == {each: self.rest[each] for each in there}
        self.rest = rest
        self.engine.check_calls(self.outside)

    def _again(self, file: bytes, people: list[Person]) -> None:
        """The same file finds nothing to do but what nobody has said yes to."""
        counted = self.engine.requests()
        job = self._planned(file)
        left = job.operations.exclude(kind__in=LEAVES).exclude(state=Operation.State.WITHHELD)
        assert [*left] == []
        everything = self._wanted(people, Yes())
        assert job.planned_calls == fewest_calls(self.model, everything, carries=self.carries)
        assert self.engine.requests() == counted


@pytest.mark.parametrize("carries", [True, False], ids=["carries", "later"])
@pytest.mark.parametrize("seed", SEEDS)
def test_directory_is_the_model_and_costs_the_fewest_calls(
    sandbox: RunningSandbox, seed: int, carries: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    class Mine(History):
        pass

    first_price()
    Mine.sandbox, Mine.carries = sandbox, carries
    History.syncs, History.calls, History.kinds = 0, 0, Counter()
    quiet = settings(
        max_examples=2,
        stateful_step_count=SYNCS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(hypothesis.seed(seed)(Mine), settings=quiet)
    assert History.syncs >= SYNCS
    with capsys.disabled():
        print(f"\n{History.syncs} syncs, {History.calls} calls: {dict(History.kinds)}")
