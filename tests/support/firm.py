"""A firm whose HR file changes from day to day, and what its directory must hold in the end.

Written against the rules, not with the portal's code: whoever is in the file has an account with
the file's values, whoever left is disabled and keeps everything else; a group for each department
stays when it is empty, one for each project is deleted then.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.engine import DOMAIN
from tests.support.staff import DEPARTMENTS, PROJECTS, export, profile, record

Row = dict[str, str]
_PREFIXES = ("Dept ", "Team ")


@dataclass
class Account:
    """An account as it must be: the row it was last written from, and its manager's key."""

    row: Row
    active: bool = True
    manager: str = ""

    def attributes(self) -> dict[str, Any]:
        """What the directory must say of it."""
        row = self.row
        return {
            "externalId": row["id"],
            "userName": f"{row['login']}@{DOMAIN}",
            "displayName": f"{row['given']} {row['family']}",
            "name": {"givenName": row["given"], "familyName": row["family"]},
            "title": row["department"],
            "active": self.active,
        }


@dataclass
class Firm:
    """The file as it is today (`rows` by key), and the accounts and groups that it led to."""

    seed: int
    size: int
    rows: dict[str, Row] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    departments: dict[str, set[str]] = field(default_factory=dict)
    projects: dict[str, set[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    prefix: str = _PREFIXES[0]
    day: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._keys = (f"{number:04}" for number in range(10_000))
        self._numbers = iter(range(10_000))

    def profile(self) -> dict[str, Any]:
        """The profile of today."""
        department = DEPARTMENTS | {"name": f'Append("{self.prefix}", [value])'}
        return profile(department, PROJECTS | {"emptied": "delete"})

    def file(self) -> bytes:
        """The file of today, in an order that has nothing to do with who leads whom."""
        rows = list(self.rows.values())
        self._chance.shuffle(rows)
        return export(rows)

    def next_day(self) -> None:
        """What happens in a firm; the first day is its first load."""
        self.day += 1
        if self.day == 1:
            self._join(self.size)
        else:
            self._leave(4)
            self._return(2)
            self._move(6)
            self._join(5)
        self._rename(3)
        self._lead(4)
        self._work(6)
        if self.day % 3 == 0:
            self.prefix = _PREFIXES[self.day // 3 % 2]
        self._settle()

    def groups(self) -> dict[str, set[str]]:
        """Keys of the members of every group that must be there, by name."""
        return {self.titles[name]: them for name, them in self.departments.items()} | self.projects

    def _join(self, count: int) -> None:
        for _ in range(count):
            key = next(self._keys)
            login = f"user{next(self._numbers)}"
            self.rows[key] = record(key, login=login, department=self._department())
            if leaders := self._some(1):
                self.rows[key]["manager"] = leaders[0]

    def _leave(self, count: int) -> None:
        for key in self._some(count):
            del self.rows[key]

    def _return(self, count: int) -> None:
        gone = sorted(self.accounts.keys() - self.rows.keys())
        for key in self._chance.sample(gone, min(count, len(gone))):
            self.rows[key] = dict(self.accounts[key].row)

    def _move(self, count: int) -> None:
        for key in self._some(count):
            self.rows[key]["department"] = self._department()

    def _rename(self, count: int) -> None:
        for key in self._some(count):
            number = next(self._numbers)
            self.rows[key] |= {"family": f"Other{number}", "login": f"user{number}"}

    def _lead(self, count: int) -> None:
        """New managers, whoever that may be: circles are allowed, nobody is one too."""
        for key, leader in zip(self._some(count), self._some(count), strict=True):
            self.rows[key]["manager"] = leader
        for key in self._some(1):
            self.rows[key]["manager"] = ""

    def _work(self, count: int) -> None:
        """Projects come and go every few days, so that their groups do."""
        for key in self._some(count):
            names = {f"Project {self.day + self._chance.randrange(3)}" for _ in range(2)}
            self.rows[key]["projects"] = ";".join(sorted(names))
        for row in self.rows.values():
            kept = [each for each in row["projects"].split(";") if each and self._lives(each)]
            row["projects"] = ";".join(kept)

    def _lives(self, project: str) -> bool:
        return int(project.rpartition(" ")[2]) >= self.day - 1

    def _department(self) -> str:
        return f"D{self._chance.randrange(4 + self.day // 2)}"

    def _some(self, count: int) -> list[str]:
        return self._chance.sample(sorted(self.rows), min(count, len(self.rows)))

    def _settle(self) -> None:
        """What the file of today makes of the accounts and groups."""
        for key, row in self.rows.items():
            known = self.accounts.get(key)
            self.accounts[key] = Account(dict(row), manager=known.manager if known else "")
        for key, account in self.accounts.items():
            account.active = key in self.rows
            if account.active and account.row["manager"] in self.accounts:
                account.manager = account.row["manager"]
            elif account.active and not account.row["manager"]:
                account.manager = ""
        self.departments = self._members("department", self.departments)
        # A group that nobody in the file belongs to keeps the name it had.
        self.titles |= {name: f"{self.prefix}{name}" for _, name in self._named("department")}
        self.projects = {
            name: them for name, them in self._members("projects", self.projects).items() if them
        }

    def _members(self, column: str, before: dict[str, set[str]]) -> dict[str, set[str]]:
        """Who is in the file is where the file says; who is not stays where they were."""
        now = {name: them - self.rows.keys() for name, them in before.items()}
        for key, name in self._named(column):
            now.setdefault(name, set()).add(key)
        return now

    def _named(self, column: str) -> Iterator[tuple[str, str]]:
        for key, row in self.rows.items():
            for name in filter(None, row[column].split(";")):
                yield key, name
