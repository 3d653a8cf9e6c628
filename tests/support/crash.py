"""Jobs of several firms on a portal that is struck again and again, and what must hold after each.

A blow falls at a seeded moment: after so many more answers of the service, while an operation of
some kind is on its way, while a job is planned, or simply after some time. What died is started
anew. Each day of a firm is a file, a job, a look at everything, and a plan that must be empty.
"""

import itertools
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.blows import BLOWS, LOCK_SECONDS, Ledger, drawn
from tests.support.clerk import Clerk
from tests.support.engine import DOMAIN
from tests.support.firm import Firm
from tests.support.portal import QUICK, Portal, open_portal
from tests.support.truth import check_directory

# A directory each: as usual, refusing managers at creation, showing what was written later, both.
_DIRECTORIES: tuple[dict[str, Any], ...] = (
    {},
    {"manager_at_creation": False},
    {"read_lag_seconds": 0.3},
    {"manager_at_creation": False, "read_lag_seconds": 0.3},
)
# Everything is sent in small batches, so that there are many moments between two of them.
HURRIED = QUICK | {
    "LANE_PROBE_SECONDS": "0.5",
    "LANE_RETRY_SECONDS": "0.5",
    "LANE_SLICE_SECONDS": "2",
    "SCIM_BATCH": "12",
    "SCIM_THREADS": "4",
    "SANDBOX_SPEED": "1000",
    "DATABASE_TIMEOUT_SECONDS": str(LOCK_SECONDS),
}
_IN_FLIGHT = (
    "SELECT kind, COUNT(*) FROM provisioning_operation WHERE state IN ('sent', 'unknown') AND"
    " job_id IN (SELECT id FROM provisioning_job WHERE state = 'applying') GROUP BY kind"
)
_PLANNING = (
    "SELECT COUNT(*) FROM provisioning_job j JOIN provisioning_lane l ON l.tenant_id = j.tenant_id"
    " WHERE j.state = 'planning' AND l.holder <> ''"
)
_TO_COME = (
    "SELECT DISTINCT kind FROM provisioning_operation WHERE state IN ('pending', 'sent', 'unknown')"
    " AND job_id IN (SELECT id FROM provisioning_job WHERE state = 'applying')"
)
POINTS = int(os.environ.get("CRASH_POINTS", "6"))
SEED = int(os.environ.get("CRASH_SEED", "2026"))
_STUCK_SECONDS = 180.0
_PATIENCE_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When a blow falls: after so many more answers, while that kind of operation that such a
    blow has hit least is on its way, in a plan, or at once; then a bit later.
    """

    after: str
    answers: int = 0
    delay: float = 0.0

    @classmethod
    def drawn(cls, chance: random.Random) -> "Moment":
        """One of them by chance."""
        after = chance.choice(("answers", "planning", "now", "kind", "kind", "kind"))
        delay = chance.choice((0.0, 0.0, chance.uniform(0, 0.03), chance.uniform(0, 0.5)))
        return cls(after, chance.randrange(1, 80), delay)


@dataclass
class Desk:
    """One firm's tenant: its day's job, and what has been seen of it."""

    slug: str
    firm: Firm
    entra_id: str
    job: int = 0
    total: int | None = None
    prefix: str = ""
    seen: tuple[object, ...] = ()


@dataclass
class Run:
    """A portal under blows, with the figures of it."""

    portal: Portal
    clerk: Clerk
    ledger: Ledger
    desks: list[Desk]
    chance: random.Random
    blows: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)
    struck: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    began: float = field(default_factory=time.monotonic)
    doubts: int = 0
    orphans: int = 0
    moved_at: float = field(default_factory=time.monotonic)

    def strike(self, name: str, moment: Moment) -> None:
        """Wait for a moment, note what is on its way, and let the blow fall."""
        self._await(moment, self.struck[name])
        time.sleep(moment.delay)
        self.struck[name].update(kind for kind, _ in self.ledger.rows(_IN_FLIGHT))
        self.struck[name]["planning"] += bool(self.ledger.rows(_PLANNING)[0][0])
        BLOWS[name](self.portal, self.ledger, self.chance.choice((0.0, 0.0, 0.4)))
        self.blows[name] += 1
        self._all_live()

    def work(self, *, begin: bool = True) -> bool:
        """Do what every desk has to do now; False when nobody has anything left."""
        busy = [self._step(desk, begin=begin) for desk in self.desks]
        assert time.monotonic() - self.moved_at < _STUCK_SECONDS, self._stuck()
        return any(busy)

    def finish(self) -> None:
        """Let the jobs that are under way end, without blows."""
        while self.work(begin=False):
            time.sleep(0.02)
        for desk in self.desks:
            self._check(desk)

    def _await(self, moment: Moment, struck: Counter[str]) -> None:
        goal = self._answers() + moment.answers
        until = time.monotonic() + _PATIENCE_SECONDS
        kind = ""
        for turn in itertools.count():
            if turn % 10 == 0:
                self.work()
                kind = kind or self._rarest(struck)
            if self._has_come(moment, goal, kind):
                self.moments[moment.after] += 1
                return
            if time.monotonic() > until:
                self.moments["clock"] += 1
                return
            time.sleep(0.004)

    def _rarest(self, struck: Counter[str]) -> str:
        """Of the kinds of operations that are still to be sent the one that was struck least."""
        kinds = [kind for (kind,) in self.ledger.rows(_TO_COME)]
        return min(sorted(kinds), key=struck.__getitem__, default="")

    def _has_come(self, moment: Moment, goal: int, kind: str) -> bool:
        if moment.after == "now":
            return True
        if moment.after == "answers":
            return self._answers() >= goal
        if moment.after == "planning":
            return bool(self.ledger.rows(_PLANNING)[0][0])
        return any(kind == each for each, _ in self.ledger.rows(_IN_FLIGHT))

    def _answers(self) -> int:
        return int(self.portal.sandbox.usage()["total"])

    def _all_live(self) -> None:
        """Nothing but a blow ends a process."""
        for name, process in self.portal.processes.items():
            assert process.poll() is None, f"{name} ended: {self.portal.log(name)[-4000:]}"
        assert self.portal.sandbox.process.poll() is None

    def _step(self, desk: Desk, *, begin: bool) -> bool:
        """One step of a desk; False when it has nothing left to do."""
        if not desk.job:
            if begin:
                self._begin(desk)
            return begin
        ((state, *seen),) = self.ledger.rows(
            "SELECT state, problem, created, updated, failed, members_added, members_removed"
            " FROM provisioning_job WHERE id = ?",
            desk.job,
        )
        if (state, *seen) != desk.seen:
            desk.seen, self.moved_at = (state, *seen), time.monotonic()
        if state == "planned":
            self._decide(desk)
        elif state not in ("planning", "applying"):
            self._ended(desk)
        return True

    def _begin(self, desk: Desk) -> None:
        """A new day: its profile, its file, its job."""
        firm = desk.firm
        firm.next_day()
        if firm.prefix != desk.prefix:
            self.clerk.do("publish", tenant=desk.slug, definition=firm.profile())
            desk.prefix = firm.prefix
        path = self.portal.folder / f"{desk.slug}.csv"
        path.write_bytes(firm.file())
        desk.job = self.clerk.do("upload", tenant=desk.slug, path=str(path))

    def _decide(self, desk: Desk) -> None:
        """Approve; a creation in doubt only after a look at the directory, as a person would."""
        for each in self.clerk.do("withheld", job=desk.job):
            if each["kind"] == "group_create":
                groups = self.portal.sandbox.groups(desk.entra_id)
                assert each["person"] not in [group["displayName"] for group in groups]
                self.doubts += 1
        self.clerk.do("approve", job=desk.job)

    def _ended(self, desk: Desk) -> None:
        """A job is over: again if something failed, and once more until nothing is left to do."""
        report = self.clerk.do("report", job=desk.job)
        assert report["state"] == "finished", (desk.slug, report)
        assert report["unsettled"] == 0, (desk.slug, report)
        assert report["settled"] == report["total"], (desk.slug, report)
        for failure in report["failed"]:
            self._excuse(desk, failure)
        desk.job, desk.seen = 0, ()
        if report["total"]:
            if not report["failed"]:
                self._check(desk)
            desk.job = self.clerk.do("queue", tenant=desk.slug)

    def _excuse(self, desk: Desk, failure: dict[str, Any]) -> None:
        """A crash may leave a group's creation in doubt, and its members without it; no more."""
        in_doubt = failure["kind"] == "group_create" and "Nobody knows" in failure["message"]
        orphan = failure["kind"] == "member_add" and "no such group" in failure["message"]
        assert in_doubt or orphan, (desk.slug, desk.firm.day, failure)
        self.orphans += orphan

    def _check(self, desk: Desk) -> None:
        books = self.clerk.do("books", tenant=desk.slug)
        check_directory(self.portal.sandbox, desk.entra_id, desk.firm, books)

    def _stuck(self) -> str:
        jobs = self.ledger.rows(
            "SELECT id, state, problem FROM provisioning_job WHERE state IN"
            " ('planning', 'planned', 'applying')"
        )
        left = self.ledger.rows(
            "SELECT job_id, kind, state, COUNT(*), MIN(not_before) FROM provisioning_operation"
            " WHERE state IN ('pending', 'sent', 'unknown') GROUP BY job_id, kind, state"
        )
        lanes = self.ledger.rows("SELECT * FROM provisioning_lane")
        return f"nothing moves: {jobs} {left} {lanes} {self.portal.log('worker')[-4000:]}"


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Run]:
    """A portal with its firms and everything running; it ends with the block.

    For a few points the firms are small, so that those do not all fall on the first load.
    """
    size = 40 if POINTS > 20 else 12
    with ExitStack() as ending:
        portal = open_portal(folder, **HURRIED, **environment)
        ending.callback(portal.close)
        firms = {f"firm{number}": Firm(SEED + number, size) for number in range(len(_DIRECTORIES))}
        portal.seed(*((slug, DOMAIN, firm.profile()) for slug, firm in firms.items()))
        ledger = Ledger(portal)
        ending.callback(ledger.close)
        ids = dict(ledger.rows("SELECT slug, entra_id FROM tenants_tenant"))
        for slug, switches in zip(firms, _DIRECTORIES, strict=True):
            portal.sandbox.put_tenant(ids[slug], settings=switches)
        desks = [Desk(slug, firm, ids[slug], prefix=firm.prefix) for slug, firm in firms.items()]
        portal.start("worker", "beat")
        clerk = Clerk.start(portal)
        ending.callback(clerk.end)
        yield Run(portal, clerk, ledger, desks, random.Random(SEED))


def survive(run: Run) -> str:
    """Let CRASH_POINTS blows fall, let all jobs end, check everything; gives a line of figures."""
    for number, name in enumerate(drawn(POINTS, run.chance), start=1):
        run.strike(name, Moment.drawn(run.chance))
        if number % 20 == 0:
            print(f"{number} of {POINTS} points", flush=True)
    run.finish()
    return summary(run)


def summary(run: Run) -> str:
    """Points by blow, operations, calls against the service's count, groups in doubt."""
    states = run.ledger.rows("SELECT state, COUNT(*) FROM billing_call GROUP BY state")
    calls = Counter(dict(states))
    certain, uncertain = calls["answered"] + calls["found"], calls["uncertain"]
    ((operations,),) = run.ledger.rows(
        "SELECT COUNT(*) FROM provisioning_operation WHERE state = 'done'"
    )
    ((jobs,),) = run.ledger.rows("SELECT COUNT(*) FROM provisioning_job")
    counted = run.portal.sandbox.usage()["total"]
    assert certain <= counted <= certain + uncertain
    return "\n".join(
        [
            f"{sum(run.blows.values())} points ({_listed(run.blows)}) over {jobs} jobs and"
            f" {operations} operations: certain {certain} <= sandbox {counted} <="
            f" {certain + uncertain}; uncertain {uncertain}, found {calls['found']}; groups in"
            f" doubt {run.doubts}, packs of members that had to wait for them {run.orphans};"
            f" {time.monotonic() - run.began:.0f} s",
            *(
                f"  {name}, on their way then: {_listed(found)}"
                for name, found in sorted(run.struck.items())
            ),
            f"  moments: {_listed(run.moments)}",
        ]
    )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))
