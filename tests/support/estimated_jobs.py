"""Random jobs of random tenants, each with what was predicted and what was made of it.

A tenant has a firm whose file changes, a profile drawn from all that costs calls, and a directory
with strangers in it. Between two jobs of a faulty tenant the rates of its faults move; while one of
its plans waits, strangers take names, and people are sent on demand.
"""

import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from billing.selectors import answers_of, job_cost
from provisioning.domain.attributes import CUSTOM
from provisioning.models import Directory, Job, Operation
from provisioning.services import approval, slices
from provisioning.services.estimates import why_differs
from provisioning.services.on_demand import send_on_demand
from provisioning.services.queueing import QueueRefused
from provisioning.services.reconciling import queue_reconcile
from provisioning.services.replanning import plan_again, retry_failed
from provisioning.services.schema import read_targets
from provisioning.services.undoing import undo_job, why_not
from tenants.models import Tenant, User
from tests.support.engine import DOMAIN, add_engine
from tests.support.firm import Firm
from tests.support.sandbox import RunningSandbox

FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 429, "retry_after": 0.02},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 503, "when": "after"},
    {"kind": "status", "status": 504, "when": "before"},
    {"kind": "status", "status": 504, "when": "after"},
    {"kind": "reset", "when": "before"},
    {"kind": "reset", "when": "after"},
]
JOBS_OF_A_TENANT = 5
_LOWEST_RATE, _HIGHEST_RATE = 0.01, 0.15
_BADGE = f"{CUSTOM}:Staff.Badge"
_SETS = {"Staff": [{"name": "Badge", "type": "String"}]}
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_KINDS = ("sync",) * 5 + ("reconcile",) * 3 + ("undo",) * 2 + ("retry", "on_demand", "replan")


@dataclass(frozen=True)
class Run:
    """One job; `made` by the meter, `requests` as the sandbox counted them since the approval."""

    tenant: int
    number: int
    kind: str
    rate: float
    expected: int
    least: int
    most: int
    made: int
    requests: int
    why: str
    answers: str

    @property
    def inside(self) -> bool:
        """Whether the range holds what was made."""
        return self.least <= self.made <= self.most

    @property
    def exact(self) -> bool:
        """Whether exactly what was expected was made, by the meter and the sandbox."""
        return self.made == self.requests == self.expected

    def __str__(self) -> str:
        return (
            f"tenant {self.tenant} job {self.number} ({self.kind}, faults {self.rate:.1%}):"
            f" predicted {self.expected} ({self.least} to {self.most}), made {self.made},"
            f" sandbox {self.requests}. {self.why} {self.answers}"
        )


def runs(sandbox: RunningSandbox, engineer: User, seed: int, *, faulty: bool) -> Iterator[Run]:
    """Jobs without end, a few for each tenant."""
    while True:
        yield from _Tenant(sandbox, engineer, seed, faulty=faulty).jobs()
        seed += 1


class _Tenant:
    """One tenant with its firm."""

    def __init__(self, sandbox: RunningSandbox, engineer: User, seed: int, *, faulty: bool) -> None:
        self.seed, self.faulty, self.chance = seed, faulty, random.Random(seed)
        spread = (_HIGHEST_RATE - _LOWEST_RATE) * self.chance.random() ** 2
        self.base = _LOWEST_RATE + spread if faulty else 0.0
        self.rate = 0.0
        self.firm = Firm(seed, self.chance.randint(5, 55))
        self.engine = add_engine(sandbox, f"estimate-{uuid.uuid4().hex[:12]}", engineer)
        self.last: Job | None = None
        self._directory()
        self.traits = {name: self.chance.random() < 0.4 for name in ("badge", "unique", "adopts")}
        self._publish()

    def jobs(self) -> Iterator[Run]:
        """Its jobs, those left out that had nothing to do."""
        for number in range(JOBS_OF_A_TENANT):
            kind = "sync" if number == 0 else self.chance.choice(_KINDS)
            if number == 0 and self.chance.random() < 0.25:
                kind = "pilot"
            self._change_faults()
            run = self._run(number, kind)
            if run is not None:
                yield run
        self.engine.sandbox.delete_tenant(self.engine.directory_id)

    def _directory(self) -> None:
        """Strangers with names that the firm will want, and what the directory says of managers.

        What it says is known where nothing unforeseen is to happen; otherwise not always.
        """
        engine, carries = self.engine, self.chance.random() < 0.5
        engine.sandbox.put_tenant(engine.directory_id, custom_attributes=_SETS)
        read_targets(tenant=engine.tenant, by=engine.engineer)
        engine.switch(manager_at_creation=carries)
        if not self.faulty or self.chance.random() < 0.5:
            Directory.objects.update_or_create(
                tenant=engine.tenant,
                defaults={"customer": engine.tenant.customer, "manager_at_creation": carries},
            )
        taken = self.chance.sample(range(self.firm.size), self.chance.randrange(4))
        engine.seed(*({"userName": f"user{each}@{DOMAIN}", "title": "Nobody's"} for each in taken))

    def _publish(self) -> None:
        definition = self.firm.profile()
        rules = definition["attributes"]
        if self.traits["badge"]:
            rules.append({"target": _BADGE, "expression": 'Append("B-", [id])'})
        if self.traits["unique"]:
            names = ", ".join(f'Append([login], "{end}@{DOMAIN}")' for end in ("", ".2", ".3"))
            rules[0] = {
                "target": "userName",
                "expression": f"SelectUniqueValue({names})",
                "when": "create",
            }
        if self.traits["adopts"] and not self.traits["unique"]:
            definition["matching"] = ["userName"]
        self.engine.publish(definition)

    def _change_faults(self) -> None:
        self.engine.sandbox.clear_faults(self.engine.directory_id)
        self.rate = self.base * self.chance.uniform(0.5, 1.5)
        chosen = self.chance.sample(FAULTS, self.chance.randint(1, len(FAULTS)))
        shares = [self.chance.random() for _ in chosen]
        for fault, share in zip(chosen, shares, strict=True):
            if self.rate:
                rate = self.rate * share / sum(shares)
                self.engine.fault(**fault, rate=rate, seed=self.chance.randrange(10**6))

    def _run(self, number: int, kind: str) -> Run | None:
        try:
            job = self._planned(kind)
        except QueueRefused:
            return None
        if job is None or job.state != Job.State.PLANNED or not job.planned_calls:
            return None
        if self.faulty:
            self._meddle(job)
        included = ("withheld", "adoptions", "deletes", "transfers")
        yes = {f"include_{name}": self.chance.random() < 0.6 for name in included}
        counted = self.engine.requests()
        job = self._served(self.engine.approve(job, **yes))
        self.last = job
        return self._told(job, number, kind, self.engine.requests() - counted)

    def _told(self, job: Job, number: int, kind: str, requests: int) -> Run:
        made = job.since_plan(job_cost(job.tenant, job.label).calls)
        expected, least, most = job.expected_calls, job.least_calls, job.most_calls
        assert None not in (expected, least, most, made)
        return Run(
            self.seed,
            number,
            kind,
            self.rate,
            expected or 0,
            least or 0,
            most or 0,
            made or 0,
            requests,
            why_differs(job, made or 0),
            str(dict(answers_of(job.tenant, job.label))),
        )

    def _planned(self, kind: str) -> Job | None:
        plan = {
            "sync": self._sync,
            "pilot": lambda: self._sync(self.chance.randint(1, 20)),
            "reconcile": self._reconcile,
            "undo": self._undo,
            "retry": self._retry,
            "on_demand": self._on_demand,
            "replan": self._replan,
        }[kind]
        return plan()

    def _sync(self, pilot_size: int | None = None) -> Job:
        self.firm.next_day()
        self._swap_names()
        self._publish()
        job = self.engine.upload(self.firm.file(), pilot_size=pilot_size)
        if job.state == Job.State.STOPPED:
            approval.accept_loss(job=job, by=self.engine.engineer)
        return self._served(job)

    def _swap_names(self) -> None:
        """Two, and now and then three, hand their logins on in a circle."""
        here = sorted(self.firm.rows)
        ring = self.chance.sample(here, min(len(here), self.chance.choice([0, 2, 3])))
        logins = [self.firm.rows[key]["login"] for key in ring]
        for key, login in zip(ring, logins[1:] + logins[:1], strict=True):
            self.firm.rows[key]["login"] = login

    def _reconcile(self) -> Job:
        self._outside()
        job = self._served(queue_reconcile(tenant=self._tenant(), by=self.engine.engineer))
        if job.state == Job.State.STOPPED:
            approval.accept_loss(job=job, by=self.engine.engineer)
            job = self._served(job)
        return job

    def _outside(self) -> None:
        """Somebody changes, deletes and takes out of groups, behind the portal's back."""
        self.engine.sandbox.clear_faults(self.engine.directory_id)
        everybody = sorted(self.engine.users(), key=lambda each: str(each["userName"]))
        users = [each for each in everybody if "externalId" in each]
        some = self.chance.sample(users, min(len(users), 6))
        groups = self.engine.sandbox.groups(self.engine.directory_id)
        groups.sort(key=lambda each: str(each["displayName"]))
        order = [each["id"] for each in everybody]
        with self.engine.outside() as client:
            for user in some[:4]:
                changes = [{"op": "replace", "path": "title", "value": "Pirate"}]
                self._send(client, f"/users/{user['id']}", changes)
            for group in groups[:3]:
                for member in sorted(group["members"], key=order.index)[:2]:
                    path = f'members[value eq "{member}"]'
                    self._send(client, f"/groups/{group['id']}", [{"op": "remove", "path": path}])
            for user in some[4:]:
                client.delete(f"/users/{user['id']}")
        self._change_faults()

    def _send(self, client: Any, path: str, operations: list[dict[str, Any]]) -> None:
        answer = client.patch(path, json={"schemas": [_PATCH], "Operations": operations})
        assert answer.is_success, answer.text

    def _undo(self) -> Job | None:
        if self.last is None or why_not(self.last):
            return None
        deletes = self.chance.random() < 0.5
        return self._served(undo_job(job=self.last, by=self.engine.engineer, deletes=deletes))

    def _retry(self) -> Job | None:
        """Of a sync in which some are refused by a fault; that job is not looked at."""
        job = self._sync()
        if job.state != Job.State.PLANNED:
            return None
        method = self.chance.choice(["POST", "PATCH"])
        self.engine.sandbox.clear_faults(self.engine.directory_id)
        self.engine.fault(kind="status", status=400, method=method, times=3)
        job = self._served(self.engine.approve(job))
        self._change_faults()
        self.last = job
        return self._served(retry_failed(job=job, by=self.engine.engineer))

    def _on_demand(self) -> Job:
        key = self.chance.choice(sorted(self.firm.rows))
        row = self.firm.rows[key]
        row |= {"family": "Married", "department": "D9", "manager": ""}
        # The file is read, and its plan is not approved.
        job = self._sync()
        if job.is_open:
            approval.cancel(job=job, by=self.engine.engineer)
        return self._served(send_on_demand(tenant=self._tenant(), key=key, by=self.engine.engineer))

    def _replan(self) -> Job | None:
        job = self._sync()
        if job.state != Job.State.PLANNED:
            return None
        self.traits["badge"] = not self.traits["badge"]
        self._publish()
        return self._served(plan_again(job=job, by=self.engine.engineer))

    def _meddle(self, job: Job) -> None:
        """While the plan waits: names are taken by strangers, somebody is sent on demand."""
        made = list(job.operations.filter(kind=Operation.Kind.CREATE))
        if made and self.chance.random() < 0.3:
            self.engine.seed({"userName": self.chance.choice(made).user_name})
        if job.kind == Job.Kind.SYNC and made and self.chance.random() < 0.2:
            key = self.chance.choice(made).key
            one = self._served(
                send_on_demand(tenant=self._tenant(), key=key, by=self.engine.engineer)
            )
            if one.state == Job.State.PLANNED:
                self._served(self.engine.approve(one))

    def _tenant(self) -> Tenant:
        return Tenant.objects.select_related("customer").get(pk=self.engine.tenant.pk)

    def _served(self, job: Job) -> Job:
        """Serve slices until the job needs nothing from its lane; nobody waits for the clock."""
        until = time.monotonic() + 120
        while (job := self.engine.fresh(job)).state in Job.IN_LANE:
            assert time.monotonic() < until, f"{job} does not come to its end"
            if not slices.serve_next():
                time.sleep(0.01)
                self.engine.hurry()
        return job
