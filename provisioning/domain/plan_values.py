"""What the planner reads and what it gives, as values; pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from provisioning.domain.attributes import (
    ACTIVE,
    MAIL_NICKNAME,
    MANAGER,
    USER_NAME,
    StateValue,
    is_custom,
)
from provisioning.domain.domains import KnownDomains
from provisioning.domain.ownership import OtherSources
from provisioning.domain.standing import PRESENT, Leavers, Standing
from provisioning.domain.stored_state import StoredState

Value = StateValue
FlatState = Mapping[str, Value]

# Entra refuses to remove these by PATCH; an empty value leaves them as they are.
NOT_REMOVABLE = frozenset({MAIL_NICKNAME, ACTIVE})


class Kind(StrEnum):
    """What is to happen to one person's account."""

    CREATE = "create"
    UPDATE = "update"
    DISABLE = "disable"
    ENABLE = "enable"
    ADOPT = "adopt"
    TRANSFER = "transfer"
    DELETE = "delete"
    RELEASE = "release"
    LEAVE = "leave"
    UNCHANGED = "unchanged"
    INACTIVE = "inactive"


CALLS = frozenset(
    {
        Kind.CREATE,
        Kind.UPDATE,
        Kind.DISABLE,
        Kind.ENABLE,
        Kind.ADOPT,
        Kind.TRANSFER,
        Kind.DELETE,
        Kind.RELEASE,
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """A mapped record: the state its account should have. `ignored` paths stay as they are.

    `initial` are values that only a new account gets. `choices` are values for unique paths of a
    new account, the preferred first. `digest` names what the mapping was given. `manager` is the
    key of the manager's record: "" for none, None where the manager is left as it is. `standing`
    is where the person stands between joining and leaving; `values` follow from it already.
    """

    key: str
    values: FlatState
    ignored: frozenset[str] = frozenset()
    initial: FlatState = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    digest: str = ""
    manager: str | None = None
    standing: Standing = PRESENT

    def user_name(self, account: "Account | None" = None) -> str:
        """The name the account should have; one that is set only once stays as it is."""
        if USER_NAME in self.values:
            return str(self.values[USER_NAME])
        if account:
            return account.user_name
        return str(self.initial.get(USER_NAME) or self.choices[USER_NAME][0])


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the shadow knows it; `key` (folded) is empty when we did not create it.

    `outside_since` is when its person was first found outside the profile's scope; `digest` that
    of the person it was last written for. `owner` is the source whose account it is, `offered_to`
    the one for which somebody asked to transfer it; `left_since` the first day on which a sync
    took the person for a leaver. `possibly_privileged` is when Entra refused it alone.
    """

    pk: int
    entra_id: str
    key: str
    user_name: str
    active: bool
    state: FlatState
    revision: int = 1
    on_premises: bool = False
    guest: bool = False
    outside_since: datetime | None = None
    digest: str = ""
    owner: int | None = None
    offered_to: int | None = None
    left_since: date | None = None
    possibly_privileged: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One person's operation with before and after (path to value, None: no value).

    `choices` are what else a creation may try, should a value turn out to be taken. `after_keys`
    are those whose operation has to succeed first, because they give up a value this one gets;
    `temporary` values by path are written before that, by a call of their own, and `followers`
    need nothing more than that. A circle of names has the key of the one that opens it in `circle`.
    `manager` is the key of a manager whose account this plan creates, `missing_manager` that of one
    who has none; a creation may name a manager if it `carries_manager`.
    """

    kind: Kind
    key: str
    person: str
    user_name: str
    account: Account | None = None
    before: Mapping[str, Value | None] = field(default_factory=dict)
    after: Mapping[str, Value | None] = field(default_factory=dict)
    reason: str = ""
    withheld: bool = False
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    digest: str = ""
    after_keys: tuple[str, ...] = ()
    temporary: Mapping[str, str] = field(default_factory=dict)
    circle: str = ""
    followers: tuple[str, ...] = ()
    manager: str = ""
    missing_manager: str = ""
    carries_manager: bool = True

    @property
    def calls(self) -> int:
        """Calls it takes: what a creation cannot carry is a call of its own, and so are temporary
        values. What a manager costs who is created in the same plan, `plan_managers` says.
        """
        later = self.kind is Kind.CREATE and any(self.comes_later(path) for path in self.after)
        if later or self.temporary:
            return 2
        if self.kind is Kind.TRANSFER and not self.after:
            return 0  # the account is as it should be, only under another source
        return 1 if self.kind in CALLS else 0

    def comes_later(self, path: str) -> bool:
        """Whether a creation cannot carry this path."""
        return is_custom(path) or (path == MANAGER and not self.carries_manager)

    @property
    def flapping(self) -> Sequence[str]:
        """Paths that differ although the same record was mapped by the same profile."""
        if self.kind is not Kind.UPDATE or self.account is None or not self.digest:
            return ()
        if self.account.digest != self.digest:
            return ()
        # A manager is found among the accounts: it may change while the record does not.
        return tuple(path for path in self.after if path != MANAGER)

    @property
    def only_flaps(self) -> bool:
        """Whether it would not be made without the paths that flap."""
        return bool(self.flapping) and len(self.flapping) == len(self.after)


@dataclass(frozen=True, slots=True)
class Directory:
    """The shadow of one tenant, by folded key (ours) and by folded user name (everyone).

    `strangers` are accounts we did not create that carry an externalId, by the folded one;
    `findable` all of those by matching path and folded value, several for one value included.
    `taken` are folded values by path, for paths that are to be unique besides the user name.
    `managed` are accounts of one source; `others` knows those of the tenant's other sources.
    `kept` are folded user names of deleted accounts, and from when each is free again.
    `nicknames` are accounts by folded mailNickname; None: nobody asks, as no profile maps it.
    `declined` says why a person (folded key) without an account gets none.
    """

    managed: Mapping[str, Account]
    by_user_name: Mapping[str, Account]
    strangers: Mapping[str, Account] = field(default_factory=dict)
    findable: Mapping[str, Mapping[str, Sequence[Account]]] = field(default_factory=dict)
    taken: Mapping[str, Container[str]] = field(default_factory=dict)
    declined: Mapping[str, str] = field(default_factory=dict)
    others: OtherSources | None = None
    kept: Mapping[str, datetime] = field(default_factory=dict)
    nicknames: Mapping[str, Account] | None = None
    domains: KnownDomains = field(default_factory=KnownDomains)

    def holder(self, path: str, value: str) -> Account | None:
        """Who has this user name or mailNickname, as far as it is known."""
        if path == USER_NAME:
            return self.by_user_name.get(value.casefold())
        return (self.nicknames or {}).get(value.casefold()) if path == MAIL_NICKNAME else None

    def takes(self, path: str, value: str) -> bool:
        """Whether an account is known to have this value of a unique path."""
        folded = value.casefold()
        if path == USER_NAME:
            return folded in self.by_user_name or folded in self.kept
        return folded in self.taken.get(path, ())

    def left_since(self) -> dict[str, date]:
        """The first day as a leaver of everybody who is one, by folded key."""
        return {key: each.left_since for key, each in self.managed.items() if each.left_since}


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days an account stays disabled outside the scope before it is deleted."""

    days: int
    now: datetime

    def is_over(self, account: Account) -> bool:
        """Whether the account has been outside for that long."""
        since = account.outside_since
        return since is not None and since + timedelta(days=self.days) <= self.now


@dataclass(frozen=True, slots=True)
class Absences:
    """How people missing from the source are read: held keys are not missing.

    `doubtful` is the number of rows whose key could not be read: any of them may be someone who
    seems to be missing, so all disables by absence then wait for an explicit yes. `outside` are
    keys of people in the source whom the profile is not for; their disabled accounts are deleted
    after the `retention`, if there is one. With `only`, nobody else is looked at. `leavers` say
    what becomes of everybody else; without them accounts are disabled.
    """

    held: Container[str] = frozenset()
    doubtful: int = 0
    outside: Container[str] = frozenset()
    retention: Retention | None = None
    only: Container[str] | None = None
    leavers: Leavers | None = None

    def passes_over(self, key: str) -> bool:
        """Whether an account's absence says nothing: its record is held, or nobody asked for it."""
        return key in self.held or (self.only is not None and key not in self.only)


def difference(
    values: FlatState, state: FlatState, mapped: frozenset[str], ignored: frozenset[str]
) -> dict[str, Value | None]:
    """Paths whose value must change to get from state to values; None removes a value."""
    if isinstance(state, StoredState):
        state = state.opened
    changed: dict[str, Value | None] = {
        path: value
        for path, value in values.items()
        if (known := state.get(path)) != value and not _same_values(known, value)
    }
    gone = mapped & state.keys() - values.keys() - ignored - NOT_REMOVABLE
    return changed | dict.fromkeys(sorted(gone))


def _same_values(one: Value | None, other: Value) -> bool:
    """Whether two lists hold the same; their order means nothing in a directory."""
    if not (isinstance(one, list | tuple) and isinstance(other, list | tuple)):
        return False
    return sorted(map(repr, one)) == sorted(map(repr, other))
