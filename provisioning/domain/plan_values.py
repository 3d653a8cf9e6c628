"""What the planner reads and what it gives, as values; pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from provisioning.domain.attributes import ACTIVE, MAIL_NICKNAME, USER_NAME, StateValue, is_custom

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
        Kind.DELETE,
        Kind.RELEASE,
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """A mapped record: the state its account should have. `ignored` paths stay as they are.

    `initial` are values that only a new account gets. `choices` are values for unique paths of a
    new account, the preferred first. `digest` names what the mapping was given.
    """

    key: str
    values: FlatState
    ignored: frozenset[str] = frozenset()
    initial: FlatState = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    digest: str = ""

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
    of the person it was last written for.
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


@dataclass(frozen=True, slots=True)
class Change:
    """One person's operation with before and after (path to value, None: no value).

    `choices` are what else a creation may try, should a value turn out to be taken.
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

    @property
    def calls(self) -> int:
        """Calls it takes: custom security attributes of a new account are a call of their own."""
        if self.kind is Kind.CREATE and any(map(is_custom, self.after)):
            return 2
        return 1 if self.kind in CALLS else 0

    @property
    def flapping(self) -> Sequence[str]:
        """Paths that differ although the same record was mapped by the same profile."""
        if self.kind is not Kind.UPDATE or self.account is None or not self.digest:
            return ()
        return tuple(self.after) if self.account.digest == self.digest else ()


@dataclass(frozen=True, slots=True)
class Directory:
    """The shadow of one tenant, by folded key (ours) and by folded user name (everyone).

    `strangers` are accounts we did not create that carry an externalId, by the folded one;
    `findable` all of those by matching path and folded value, several for one value included.
    `taken` are folded values by path, for paths that are to be unique besides the user name.
    """

    managed: Mapping[str, Account]
    by_user_name: Mapping[str, Account]
    strangers: Mapping[str, Account] = field(default_factory=dict)
    findable: Mapping[str, Mapping[str, Sequence[Account]]] = field(default_factory=dict)
    taken: Mapping[str, Container[str]] = field(default_factory=dict)

    def takes(self, path: str, value: str) -> bool:
        """Whether an account is known to have this value of a unique path."""
        taken = self.by_user_name if path == USER_NAME else self.taken.get(path, ())
        return value.casefold() in taken


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
    after the `retention`, if there is one. With `only`, nobody else is looked at.
    """

    held: Container[str] = frozenset()
    doubtful: int = 0
    outside: Container[str] = frozenset()
    retention: Retention | None = None
    only: Container[str] | None = None

    def passes_over(self, key: str) -> bool:
        """Whether an account's absence says nothing: its record is held, or nobody asked for it."""
        return key in self.held or (self.only is not None and key not in self.only)
