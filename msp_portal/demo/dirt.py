"""The dirt of real exports, put on clean people; every dirty row knows its fate."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from msp_portal.demo.table import Fate

Person = dict[str, str]


@dataclass(slots=True)
class DirtyPerson:
    """A person's values by field, what has to become of the row, and values beyond the header."""

    values: Person
    fate: Fate = Fate.CREATED
    surplus: tuple[str, ...] = ()


def soil(people: list[Person], rng: random.Random) -> list[DirtyPerson]:
    """Put every kind of dirt on its own rows, drawn at random; at least 80 people are needed."""
    rows = [DirtyPerson(dict(person)) for person in people]
    unsoiled = iter(rng.sample(rows, len(rows)))
    for kind in (_refuse, _hold, _let_go, _leave_odd_but_good):
        kind(unsoiled)
    return rows


def _refuse(rows: Iterator[DirtyPerson]) -> None:
    _share_key([next(rows), next(rows)], "{}", "{}")
    _share_key([next(rows), next(rows)], "X{}", " x{} ")
    _share_key([next(rows), next(rows), next(rows)], "{}", "{}")
    _set(next(rows), {"employee_id": ""}, Fate.REFUSED)
    for surplus in ((";",), ("Mo", "Di", "Mi")):
        row = next(rows)
        row.fate, row.surplus = Fate.REFUSED, surplus


def _share_key(rows: list[DirtyPerson], first: str, others: str) -> None:
    key = rows[0].values["employee_id"]
    for at, row in enumerate(rows):
        form = others if at else first
        _set(row, {"employee_id": form.format(key)}, Fate.REFUSED)


def _hold(rows: Iterator[DirtyPerson]) -> None:
    for name in ("given_name", "given_name", "family_name", "family_name"):
        _set(next(rows), {name: ""}, Fate.HELD)
    for date in ("31.02.2024", "n/a", "2023-02-29", "00.00.0000"):
        _set(next(rows), {"hire_date": date}, Fate.HELD)


def _let_go(rows: Iterator[DirtyPerson]) -> None:
    for _ in range(14):
        _set(next(rows), {"status": "inaktiv"}, Fate.SKIPPED)


def _leave_odd_but_good(rows: Iterator[DirtyPerson]) -> None:
    for number in range(6):
        _set(next(rows), {"manager_id": f"9{number:04d}"})
    for name in ("given_name", "family_name", "department", "employee_id", "location", "status"):
        row = next(rows)
        _set(row, {name: f"  {row.values[name]} "})
    for note in ('Vertrag bis Jahresende;\nsiehe "Akte"', "Teilzeit\r\n50 %", '"Pate"', "a;b;c"):
        _set(next(rows), {"note": note})
    for empty in ("hire_date", "hire_date", "phone", "manager_id", "job_title"):
        _set(next(rows), {empty: ""})
    _set(next(rows), {"status": "Aktiv"})
    # Two ids that differ in their leading zeros only are two people.
    _set(next(rows), {"employee_id": next(rows).values["employee_id"].lstrip("0")})


def _set(row: DirtyPerson, values: Person, fate: Fate = Fate.CREATED) -> None:
    row.fate = fate
    row.values.update(values)
