"""An HR department as a model: its people, its export, and the directory that must come of it.

Written from the documented rules alone; nothing here is imported from what decides in the portal.
Keys are ASCII, so that lower case is the form in which they are compared.
"""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from tests.support.engine import DOMAIN
from tests.support.staff import COLUMNS, DEPARTMENTS, PROJECTS

GROUP_RULES = (
    DEPARTMENTS,
    PROJECTS | {"name": 'IIF([value] = "?", "", [value])', "emptied": "delete"},
    {"rule": "staff", "group": "All staff"},
)
"""Departments are kept when they are empty, projects go after a yes, and everybody is staff."""


class Damage(StrEnum):
    """What is wrong with somebody's row."""

    NONE = "none"
    DOUBLED = "doubled"
    REFUSED = "refused"
    NAMELESS = "nameless"
    NO_KEY = "no_key"
    MISFIT = "misfit"
    BAD_DEPARTMENT = "bad_department"
    BAD_PROJECT = "bad_project"


HELD = (Damage.DOUBLED, Damage.REFUSED, Damage.NAMELESS)
"""The key can be read, the rest cannot be used: nothing of this person is touched."""
LOST = (Damage.NO_KEY, Damage.MISFIT)
"""Nobody can tell whose row it is, so that the person seems to be missing, and so may others."""
GROUPLESS = (Damage.BAD_DEPARTMENT, Damage.BAD_PROJECT)
"""The account follows the row, the memberships stay."""
_BROKEN = "#REF!"


@dataclass(frozen=True)
class Person:
    """Somebody in HR's books; `manager` is a key as somebody typed it."""

    key: str
    login: str
    given: str = "Given"
    family: str = "Family"
    active: bool = True
    department: str = ""
    projects: tuple[str, ...] = ()
    manager: str = ""
    damage: Damage = Damage.NONE

    @property
    def folded(self) -> str:
        return self.key.strip().lower()

    @property
    def title(self) -> str:
        return _BROKEN if self.damage is Damage.BAD_DEPARTMENT else self.department

    def rows(self) -> Iterator[list[str]]:
        """The rows of the export that are about this person."""
        status = "active" if self.active else "inactive"
        projects = (*self.projects, *(["?"] if self.damage is Damage.BAD_PROJECT else []))
        row = [
            "" if self.damage is Damage.NO_KEY else self.key,
            self.login,
            self.given,
            "" if self.damage is Damage.NAMELESS else self.family,
            "perhaps" if self.damage is Damage.REFUSED else status,
            self.title,
            ";".join(projects),
            self.manager,
        ]
        yield row[:-1] if self.damage is Damage.MISFIT else row
        if self.damage is Damage.DOUBLED:
            yield [row[0].swapcase(), "somebody.else", *row[2:]]


def export(people: Iterable[Person], order: random.Random) -> bytes:
    """The file, its rows in any order."""
    rows = [row for person in people for row in person.rows()]
    order.shuffle(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass(frozen=True)
class Account:
    """An account that the portal keeps; `manager` is a folded key, "" for nobody."""

    external_id: str
    user_name: str
    nickname: str
    display_name: str
    given: str
    family: str
    title: str
    active: bool = True
    manager: str = ""


@dataclass(frozen=True)
class Group:
    """A group that the portal keeps, with those members whom it put there."""

    name: str
    members: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Directory:
    """What the portal keeps: accounts by folded key, groups by rule and folded value."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)


class Yes(NamedTuple):
    """What a person says yes to, beside the rest of the plan."""

    doubt: bool = True
    deletes: bool = True


def wanted(
    before: Directory, people: Iterable[Person], foreign: Iterable[str], yes: Yes
) -> Directory:
    """The directory after a sync of these people; `foreign` are user names of strangers."""
    book = _Book(before, list(people), {name.lower() for name in foreign})
    return Directory(book.accounts(yes.doubt), book.groups(yes.deletes))


class _Book:
    """One export against one directory."""

    def __init__(self, before: Directory, people: list[Person], foreign: set[str]) -> None:
        self.before = before
        self.foreign = foreign
        self.clear = {p.folded: p for p in people if p.damage not in (*HELD, *LOST)}
        self.held = {p.folded for p in people if p.damage in HELD}
        self.doubtful = any(p.damage in LOST for p in people)

    def accounts(self, doubt: bool) -> dict[str, Account]:
        """Accounts as they must be; `doubt`: whether absences that are in doubt count."""
        after = dict(self.before.accounts)
        for key, person in self.clear.items():
            account = self._account(key, person)
            if account is not None:
                after[key] = account
        for key in self.clear:
            if key in after:
                after[key] = replace(after[key], manager=self._manager(key, after))
        named = self.clear.keys() | self.held
        for key in after.keys() - named:
            if doubt or not self.doubtful:
                after[key] = replace(after[key], active=False)
        return after

    def _is_free(self, key: str, login: str) -> bool:
        """Whether nobody else has this user name.

        Chains and swaps of names would be allowed here: so far no history hands a name of one
        person to another, and a name of a stranger is never free.
        """
        name = _user_name(login).lower()
        others = {k: a.user_name.lower() for k, a in self.before.accounts.items() if k != key}
        return name not in self.foreign and name not in others.values()

    def _account(self, key: str, person: Person) -> Account | None:
        """The account of somebody in the file, the manager left as it is."""
        known = self.before.accounts.get(key)
        free = self._is_free(key, person.login)
        if known is None:
            return _new(person) if person.active and free else None
        new = replace(_new(person), external_id=known.external_id, manager=known.manager)
        if free:
            return new
        leaves = known.active and not person.active
        # Whoever is to get a name that is taken is left alone, but an account that has to be
        # closed is closed.
        return replace(new, user_name=known.user_name) if leaves else known

    def _manager(self, key: str, after: Mapping[str, Account]) -> str:
        person, known = self.clear[key], after[key].manager
        untouched = key in self.before.accounts and not self._is_free(key, person.login)
        if untouched or not person.active:
            return known
        boss = person.manager.strip().lower()
        return boss if not boss or boss in after else known

    def groups(self, deletes: bool) -> dict[str, Group]:
        """Groups as they must be; `deletes`: whether deletions are approved."""
        there = self.accounts(doubt=True).keys()
        said = {k: p for k, p in self.clear.items() if p.active and p.damage not in GROUPLESS}
        names: dict[str, Counter[str]] = {}
        members: dict[str, set[str]] = {}
        for key, person in said.items():
            for group, name in _groups_of(person):
                names.setdefault(group, Counter())[name] += 1
                members.setdefault(group, set()).add(key)
        after: dict[str, Group] = {}
        for group in self.before.groups.keys() | names.keys():
            known = self.before.groups.get(group)
            present = known.members if known else frozenset()
            put_out = {key for key in present if key in said} - members.get(group, set())
            goes = group.startswith("projects/") and group not in names and put_out == present
            if known and goes:
                after |= {} if deletes else {group: known}
                continue
            inside = (present - put_out) | (members.get(group, set()) & there)
            if known or inside:
                name = _name(known.name if known else "", names.get(group))
                after[group] = Group(name, frozenset(inside))
        return after


def _new(person: Person) -> Account:
    return Account(
        external_id=person.key.strip(),
        user_name=_user_name(person.login),
        nickname=person.login,
        display_name=f"{person.given} {person.family}",
        given=person.given,
        family=person.family,
        title=person.title,
        active=person.active,
    )


def _user_name(login: str) -> str:
    return f"{login}@{DOMAIN}"


def _groups_of(person: Person) -> Iterator[tuple[str, str]]:
    """Key and name, as this person's values spell it, of each group the rules give."""
    yield "staff", "All staff"
    if person.department:
        yield f"department/{person.department.lower()}", f"Dept {person.department}"
    for project in dict.fromkeys(person.projects):
        yield f"projects/{project.lower()}", project


def _name(known: str, spelled: Counter[str] | None) -> str:
    """The name a group has if anybody spells it so, otherwise the most frequent, then the first."""
    if not spelled or known in spelled:
        return known
    return min(spelled, key=lambda name: (-spelled[name], name))
