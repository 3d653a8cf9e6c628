"""What if: calls, cost and time of a month of one tenant, from its own history; pure and exact.

How calls are spent (see "What the cheapest way costs" in the fact sheet of Entra's SCIM API):

- A sync costs one call for each person that changed, and nothing when nobody did, because it
  compares with the shadow and reads nothing. Members are added by 20 and removed one by one.
- So the interval of syncs matters only where several changes fall into one interval: a person who
  changes twice is one call then, and additions share a call. The writes of the past are replayed
  on the other schedule to count this, instead of assuming a share.
- A reconcile reads users and groups page by page.
- The naive way has no memory: each sync reads every person by a call of its own, and members are
  added one by one. Other writes are the same. It reads no groups here, which favours it.

The history shows what the present schedule left of the changes; where a scenario syncs more often
than that, more calls are possible than can be known, and the answer says so. Every call is priced
as if it were billed. Shares of a month are rounded up to whole calls.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from billing.domain.pricing import Price

MINUTES_A_MONTH = 43_830
"""A twelfth of 365.25 days."""
USERS_A_PAGE, GROUPS_A_PAGE, MEMBERS_A_CALL = 999, 1000, 20
_PLACES = 9


class Kind(StrEnum):
    """What a call is for."""

    CREATE = "create"
    SECOND = "second call of a creation"
    CHANGE = "change"
    DELETE = "delete"
    GROUP = "group"
    ADD = "add members"
    REMOVE = "remove members"
    RECONCILE = "reconcile"
    READ = "read one person"
    LOOKUP = "look up"


_ONE_CALL_EACH = frozenset({Kind.CREATE, Kind.SECOND, Kind.DELETE})
_OF_A_PERSON = frozenset({Kind.CREATE, Kind.CHANGE, Kind.DELETE})
_READS = frozenset({Kind.RECONCILE, Kind.READ, Kind.LOOKUP})


@dataclass(frozen=True, slots=True)
class Write:
    """A write of the past: `subject` is the person, or the group; `members` of a membership.

    SECOND is what a creation cannot carry: a manager who has no account yet, security attributes.
    """

    at: datetime
    kind: Kind
    subject: str
    members: int = 1


@dataclass(frozen=True, slots=True)
class History:
    """One tenant: its size now, and its writes from `start` (included) to `end` (excluded).

    `people` are the managed accounts, `users` all of the directory, `group_sizes` the members of
    each managed group, `sync_minutes` the interval under which the writes were made.
    """

    people: int
    users: int
    group_sizes: Sequence[int]
    start: datetime
    end: datetime
    writes: Sequence[Write]
    sync_minutes: int


@dataclass(frozen=True, slots=True)
class Migration:
    """A one-off move: people to be created, their memberships spread evenly over groups.

    `second_calls`: people whose creation is followed by a second call; `new_groups` are created.
    """

    people: int
    memberships: int = 0
    groups: int = 1
    second_calls: int = 0
    new_groups: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is tried: minutes between syncs, between reconciles (None: never), growth in per cent.

    Growth makes people, members and changes more by the same share, each change as large as before;
    -100 is the least.
    """

    sync_minutes: int
    reconcile_minutes: int | None = None
    growth_percent: int = 0
    migration: Migration | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """What one application may send to one directory: writes and resource units in seconds.

    A full bucket may be sent at once; a read of one person is a unit, a page two, a write one.
    """

    writes: int = 3000
    write_seconds: int = 150
    units: int = 8000
    unit_seconds: int = 10


@dataclass(frozen=True, slots=True)
class Way:
    """Calls by kind, their exact cost, and seconds they need: from a full bucket, and without."""

    calls: Mapping[Kind, int]
    amount: Decimal
    least_seconds: int
    most_seconds: int

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.calls.values())


@dataclass(frozen=True, slots=True)
class Compared:
    """The portal's way and the naive one; both saving figures may be negative."""

    ours: Way
    naive: Way

    @property
    def saved_calls(self) -> int:
        """Calls that the naive way makes beyond ours."""
        return self.naive.total - self.ours.total

    @property
    def saved(self) -> Decimal:
        """What the naive way costs beyond ours."""
        return self.naive.amount - self.ours.amount


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Cost of a month for each managed person, each changed person and each membership changed.

    To nine decimals; None where there is none to share it.
    """

    person: Decimal | None
    change: Decimal | None
    membership: Decimal | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A usual month, the one-off migration on top of it, costs of a unit, and what to know."""

    month: Compared
    migration: Compared | None
    units: UnitCosts
    currency: str
    notes: Sequence[str]


def simulate(history: History, scenario: Scenario, price: Price, quota: Quota) -> Answer:
    """What a scenario comes to in a month; raises ValueError for one that cannot be."""
    _check(history, scenario)
    writes = replay(history, scenario.sync_minutes)
    monthly = {kind: _monthly(calls, history, scenario) for kind, calls in writes.items()}
    members = {
        kind: _monthly(_members(history.writes, kind), history, scenario)
        for kind in (Kind.ADD, Kind.REMOVE)
    }
    people = _grown(history.people, scenario)
    ours = monthly | {Kind.RECONCILE: _reconciling(history, scenario)}
    naive = monthly | members | {Kind.READ: people * _times(scenario.sync_minutes)}
    month = Compared(_way(ours, price, quota), _way(naive, price, quota))
    move = scenario.migration
    migration = _migrating(move, month, price, quota) if move else None
    units = _units(month.ours, people, sum(members.values()))
    return Answer(month, migration, units, price.currency, _notes(history, scenario))


def replay(history: History, minutes: int) -> dict[Kind, int]:
    """Calls of the history's writes, if syncs had been so many minutes apart.

    Changes of one person in an interval are one call, or none beside a creation; additions to one
    group in an interval share calls.
    """
    step = timedelta(minutes=minutes)
    calls = dict.fromkeys(Kind, 0)
    changed: set[tuple[int, str]] = set()
    replaced: set[tuple[int, str]] = set()
    groups: set[tuple[int, str]] = set()
    added: dict[tuple[int, str], int] = defaultdict(int)
    for write in history.writes:
        key = ((write.at - history.start) // step, write.subject)
        if write.kind in _ONE_CALL_EACH:
            calls[write.kind] += 1
        if write.kind is Kind.CHANGE:
            changed.add(key)
        elif write.kind in _OF_A_PERSON:
            replaced.add(key)
        elif write.kind is Kind.GROUP:
            groups.add(key)
        elif write.kind is Kind.ADD:
            added[key] += write.members
        elif write.kind is Kind.REMOVE:
            calls[Kind.REMOVE] += write.members
    calls[Kind.CHANGE] = len(changed - replaced)
    calls[Kind.GROUP] = len(groups)
    calls[Kind.ADD] = sum(_ceil(count, MEMBERS_A_CALL) for count in added.values())
    return {kind: count for kind, count in calls.items() if kind not in _READS}


def seconds_of(writes: int, units: int, quota: Quota) -> tuple[int, int]:
    """Seconds that so many writes and resource units need: from full buckets, and from empty ones.

    Whichever quota binds first decides.
    """
    by_writes = (quota.writes, quota.write_seconds, writes)
    by_units = (quota.units, quota.unit_seconds, units)
    least = most = 0
    for tokens, seconds, needed in (by_writes, by_units):
        least = max(least, _ceil(max(0, needed - tokens) * seconds, tokens))
        most = max(most, _ceil(needed * seconds, tokens))
    return least, most


def _check(history: History, scenario: Scenario) -> None:
    if history.end - history.start < timedelta(days=1):
        raise ValueError("At least one day of history is needed.")
    if any(not history.start <= write.at < history.end for write in history.writes):
        raise ValueError("A write lies outside the history.")
    intervals = (scenario.sync_minutes, scenario.reconcile_minutes)
    if any(minutes is not None and minutes < 1 for minutes in intervals):
        raise ValueError("At least a minute lies between two runs.")
    if scenario.growth_percent < -100:
        raise ValueError("Nobody can lose more than everybody: growth is -100 % at least.")
    if scenario.migration:
        _check_migration(scenario.migration)


def _check_migration(move: Migration) -> None:
    counts = (move.people, move.memberships, move.second_calls, move.new_groups)
    if min(counts) < 0 or move.groups < 1:
        raise ValueError("A migration's numbers are 0 or more, and it has at least one group.")
    if move.second_calls > move.people:
        raise ValueError("There are no more second calls than people.")
    if move.memberships > move.people * move.groups:
        raise ValueError("Nobody is in a group twice.")


def _monthly(calls: int, history: History, scenario: Scenario) -> int:
    """A period's calls as a month's, grown; rounded up."""
    minutes = (history.end - history.start) // timedelta(minutes=1)
    return _ceil(calls * MINUTES_A_MONTH * (100 + scenario.growth_percent), minutes * 100)


def _grown(count: int, scenario: Scenario) -> int:
    return _ceil(count * (100 + scenario.growth_percent), 100)


def _times(minutes: int) -> int:
    """How often a month, rounded up."""
    return _ceil(MINUTES_A_MONTH, minutes)


def _reconciling(history: History, scenario: Scenario) -> int:
    """Calls of a month's reconciles: pages of users, of groups, and of each group's members."""
    if scenario.reconcile_minutes is None:
        return 0
    pages = max(1, _ceil(_grown(history.users, scenario), USERS_A_PAGE))
    if history.group_sizes:
        pages += _ceil(len(history.group_sizes), GROUPS_A_PAGE)
    for size in history.group_sizes:
        pages += max(1, _ceil(_grown(size, scenario), USERS_A_PAGE))
    return _ceil(pages * MINUTES_A_MONTH, scenario.reconcile_minutes)


def _members(writes: Iterable[Write], kind: Kind) -> int:
    return sum(write.members for write in writes if write.kind is kind)


def _migrating(move: Migration, month: Compared, price: Price, quota: Quota) -> Compared:
    """The one-off calls, priced after those of a usual month; the naive way looks everybody up."""
    each, larger = divmod(move.memberships, move.groups)
    packs = larger * _ceil(each + 1, MEMBERS_A_CALL)
    packs += (move.groups - larger) * _ceil(each, MEMBERS_A_CALL)
    common = {
        Kind.CREATE: move.people,
        Kind.SECOND: move.second_calls,
        Kind.GROUP: move.new_groups,
    }
    ours = common | {Kind.ADD: packs}
    naive = common | {Kind.ADD: move.memberships, Kind.LOOKUP: move.people}
    return Compared(
        _way(ours, price, quota, month.ours.total), _way(naive, price, quota, month.naive.total)
    )


def _way(calls: Mapping[Kind, int], price: Price, quota: Quota, before: int = 0) -> Way:
    made = {kind: calls[kind] for kind in Kind if calls.get(kind)}
    total = sum(made.values())
    reads = sum(count for kind, count in made.items() if kind in _READS)
    units = total + made.get(Kind.RECONCILE, 0)  # a page is two units
    least, most = seconds_of(total - reads, units, quota)
    return Way(made, price.amount(total, before), least, most)


def _units(month: Way, people: int, memberships: int) -> UnitCosts:
    """The month's cost shared; with tiers every call of it has the average price."""
    changes = sum(month.calls.get(kind, 0) for kind in _OF_A_PERSON)
    persons = sum(month.calls.get(kind, 0) for kind in (*_OF_A_PERSON, Kind.SECOND))
    members = month.calls.get(Kind.ADD, 0) + month.calls.get(Kind.REMOVE, 0)
    return UnitCosts(
        _share(month.amount, people),
        _share(month.amount * persons, month.total * changes),
        _share(month.amount * members, month.total * memberships),
    )


def _share(amount: Decimal, parts: int) -> Decimal | None:
    """An amount shared by so many, rounded down to nine decimals."""
    return (amount.scaleb(_PLACES) // parts).scaleb(-_PLACES) if parts else None


def _notes(history: History, scenario: Scenario) -> list[str]:
    notes = []
    days = (history.end - history.start).days
    if days < 28:
        notes.append(f"From {days} day{'s' * (days != 1)} of history: a rough picture.")
    if scenario.sync_minutes < history.sync_minutes:
        notes.append(
            "Syncs would be closer together than they were: changes that one of them took together"
            " may then be several calls."
        )
    if scenario.reconcile_minutes is None:
        notes.append("Without reconciles nobody notices what was changed in Entra by hand.")
    else:
        notes.append("What a reconcile finds and puts right comes on top.")
    return notes


def _ceil(count: int, size: int) -> int:
    return -(-count // size)
