"""Random histories of a few people against an oracle that looks at them day by day.

The oracle knows nothing of plans: it says what an account has to be at the end of a day, from the
profile's words alone. After each day's sync the accounts are that, and it took one change for
whoever differed and none for anybody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from provisioning.domain.attributes import ACTIVE, USER_NAME
from provisioning.domain.definition import parse_definition
from provisioning.domain.mapping import CompiledProfile, compile_profile
from provisioning.domain.people import SourcePeople
from provisioning.domain.plan_values import CALLS, Account, Change, Directory, Kind
from provisioning.domain.planner import plan
from provisioning.domain.protection import Protection
from provisioning.domain.records import Record
from tests.support.lifecycles import LEAVE_DATE, profile_data

DAY = timedelta(days=1)
BEGIN = date(2026, 3, 1)
KEYS = ("1", "2")
WATCHED = (ACTIVE, "title", LEAVE_DATE)


@dataclass(frozen=True)
class Row:
    """What the source says of somebody; days are counted from BEGIN."""

    hire: int | None
    leave: int | None
    status: str
    title: str

    def cells(self) -> dict[str, str]:
        days = {"hire": self.hire, "leave": self.leave}
        dates = {
            name: str(BEGIN + timedelta(days=day)) for name, day in days.items() if day is not None
        }
        return {"name": "Ann", "status": self.status, "title": self.title, **dates}


Source = Mapping[str, Row]


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """A lifecycle that a profile may have."""
    some = st.integers(0, 6)
    steps = [{"do": "disable", "after_days": draw(some)}]
    if draw(st.booleans()):
        steps.append({"do": "set", "target": "title", "constant": "Left", "after_days": draw(some)})
    if draw(st.booleans()):
        value = {"expression": "[leaver.since]"}
        steps.append({"do": "set", "target": LEAVE_DATE, **value, "after_days": draw(some)})
    if draw(st.booleans()):
        steps.append({"do": "clear", "target": "title", "after_days": draw(some)})
    steps = draw(st.permutations(steps))
    if draw(st.booleans()):
        last = max(step["after_days"] for step in steps)
        steps.append({"do": "delete", "after_days": max(1, last + draw(st.integers(0, 3)))})
    found: dict[str, Any] = {"leavers": steps} if draw(st.booleans()) else {}
    found["last_day"] = {"column": "leave"}
    found["start"] = {"column": "hire", "days_before": draw(some)}
    return found


hire = st.one_of(st.none(), st.integers(-5, 40))
leave = st.one_of(st.none(), st.integers(2, 40))
rows = st.builds(
    Row, hire, leave, st.sampled_from(["active", "inactive"]), st.sampled_from(["", "Chief"])
)
spells = st.lists(st.tuples(st.integers(1, 12), st.one_of(st.none(), rows)), min_size=1, max_size=6)
"""How somebody's row is for how many days; None: there is no row."""


@dataclass
class Oracle:
    """One person's account as it has to be, a day after the other."""

    lifecycle: dict[str, Any]
    state: dict[str, Any] | None = None
    since: date | None = None
    deleted: date | None = None

    def after(self, row: Row | None, today: date, yes: bool) -> bool:
        """Move to the end of a day; whether that takes a call."""
        before = self.state
        wanted = self._wanted(row, today)
        if self._to_delete(row, today) and self._stepped(before or {}, today) == before:
            # Who is about to be deleted gets no new title any more: it would be a call for nothing.
            wanted = None if yes else before
            self.deleted = today if yes else self.deleted
        self.state = wanted
        if wanted is None:
            # Nothing is noted of whom there is no account.
            self.since = None
        return wanted != before

    def _contradicts(self, row: Row | None) -> bool:
        if row is None or row.hire is None or row.leave is None:
            return False
        return row.leave < row.hire

    def _left(self, row: Row | None, today: date) -> date | None:
        """The first day as a leaver, if the person is one."""
        if row is None:
            return self.since or today
        since = [self.since or today] if row.status == "inactive" else []
        if row.leave is not None and BEGIN + timedelta(days=row.leave) < today:
            since.append(BEGIN + timedelta(days=row.leave + 1))
        return min(since) if since else None

    def _wanted(self, row: Row | None, today: date) -> dict[str, Any] | None:
        if self._contradicts(row):
            return self.state
        self.since = self._left(row, today)
        if self.since is not None:
            return self._as_leaver(row, today)
        assert row is not None
        start = BEGIN + timedelta(days=row.hire) if row.hire is not None else BEGIN
        early = timedelta(days=self.lifecycle["start"]["days_before"])
        if self.state is None and today < start - early:
            return None
        if self.state is None and self.deleted and today < self.deleted + 30 * DAY:
            return None
        return {ACTIVE: today >= start, "title": row.title or None, LEAVE_DATE: None}

    def _as_leaver(self, row: Row | None, today: date) -> dict[str, Any] | None:
        if self.state is None:
            return None
        wanted = dict(self.state)
        if row is not None:
            wanted |= {"title": row.title or None, LEAVE_DATE: None}
        return self._stepped(wanted, today)

    def _stepped(self, state: dict[str, Any], today: date) -> dict[str, Any]:
        """A state after the steps that are due."""
        wanted = dict(state)
        for step in self._due(today):
            if step["do"] == "disable":
                wanted[ACTIVE] = False
            elif step["do"] == "clear":
                wanted[step["target"]] = None
            elif step["do"] == "set":
                value = step.get("constant", f"{self.since}T00:00:00Z")
                wanted[step["target"]] = value
        return wanted

    def _due(self, today: date) -> list[dict[str, Any]]:
        steps = self.lifecycle.get("leavers", [{"do": "disable", "after_days": 0}])
        due = [each for each in steps if self.since + each["after_days"] * DAY <= today]
        return sorted(due, key=lambda each: each["after_days"])

    def _to_delete(self, row: Row | None, today: date) -> bool:
        if self.state is None or self.since is None or self._contradicts(row):
            return False
        return any(step["do"] == "delete" for step in self._due(today))


@dataclass
class Portal:
    """The planner's world: the shadow, and what syncs note beside it."""

    profile: CompiledProfile
    accounts: dict[str, Account]
    kept: dict[str, datetime]
    made: int = 0

    def sync(self, source: Source, today: date, yes: bool) -> list[Change]:
        """Plan a day, note leavers, and have everything done that is not withheld without a yes."""
        now = datetime.combine(today, time(12), UTC)
        records = [
            Record(at, key, {"id": key, **row.cells()})
            for at, (key, row) in enumerate(source.items())
        ]
        known = {key: each.left_since for key, each in self.accounts.items() if each.left_since}
        people = SourcePeople(self.profile, records, today=today, now=now, left_since=known)
        directory = Directory(
            dict(self.accounts),
            {each.user_name.casefold(): each for each in self.accounts.values()},
            kept={name: free for name, free in self.kept.items() if free > now},
        )
        changes = list(
            plan(
                people,
                directory,
                mapped=self.profile.managed,
                protection=Protection([]),
                absences=people.absences(now),
            )
        )
        for key, each in self.accounts.items():
            since = people.leaver_since(key, each.left_since)
            self.accounts[key] = replace(each, left_since=since)
        sent = [each for each in changes if each.kind in CALLS and (yes or not each.withheld)]
        for change in sent:
            self._done(change, now)
        return sent

    def _done(self, change: Change, now: datetime) -> None:
        if change.kind is Kind.DELETE:
            gone = self.accounts.pop(change.key)
            self.kept[gone.user_name.casefold()] = now + 30 * DAY
            return
        old = self.accounts.get(change.key)
        state = {**(old.state if old else {}), **change.after}
        state = {path: value for path, value in state.items() if value is not None}
        self.made += 1
        new = old or Account(self.made, str(self.made), change.key, str(state[USER_NAME]), True, {})
        self.accounts[change.key] = replace(new, state=state, active=bool(state[ACTIVE]))

    def state(self, key: str) -> dict[str, Any] | None:
        """What the account of somebody is."""
        found = self.accounts.get(key)
        return {path: found.state.get(path) for path in WATCHED} if found else None


@settings(deadline=None, max_examples=300)
@example(
    # Inactive before the last day: the days begin with what came first.
    {
        "leavers": [
            {"do": "disable", "after_days": 0},
            {"do": "set", "target": "title", "constant": "Left", "after_days": 5},
        ],
        "last_day": {"column": "leave"},
        "start": {"column": "hire", "days_before": 0},
    },
    ([(3, Row(None, None, "active", "")), (15, Row(None, 8, "inactive", ""))], [(1, None)]),
    [False] * 72,
)
@example(
    # A new title on the day on which the deletion is due, and nobody says yes to it.
    {
        "leavers": [{"do": "disable", "after_days": 0}, {"do": "delete", "after_days": 1}],
        "last_day": {"column": "leave"},
        "start": {"column": "hire", "days_before": 0},
    },
    (
        [(1, None)],
        [
            (1, Row(None, None, "active", "")),
            (1, None),
            (2, Row(None, None, "inactive", "Chief")),
        ],
    ),
    [False] * 72,
)
@given(
    policies(), st.tuples(*[spells] * len(KEYS)), st.lists(st.booleans(), min_size=72, max_size=72)
)
def test_after_each_day_the_accounts_are_what_the_profile_says(
    lifecycle: dict[str, Any], histories: tuple[Any, ...], yeses: list[bool]
) -> None:
    profile = compile_profile(parse_definition(profile_data(lifecycle)))
    portal = Portal(profile, {}, {})
    oracles = {key: Oracle(lifecycle) for key in KEYS}
    days = [[row for length, row in spells for _ in range(length)] for spells in histories]
    for number in range(max(map(len, days))):
        today, yes = BEGIN + timedelta(days=number), yeses[number]
        source = {
            key: each[min(number, len(each) - 1)] for key, each in zip(KEYS, days, strict=True)
        }
        present = {key: row for key, row in source.items() if row is not None}
        sent = portal.sync(present, today, yes)
        needed = [key for key in KEYS if oracles[key].after(source[key], today, yes)]
        assert {key: portal.state(key) for key in KEYS} == {
            key: oracles[key].state for key in KEYS
        }, (today, source)
        assert sorted(change.key for change in sent) == needed
        assert not any(change.flapping for change in sent)
        assert all(change.calls == 1 for change in sent)
