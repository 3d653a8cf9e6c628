"""The demo MSP: three invented customers, their HR exports and what must come of them.

Everything is seeded: the same seed gives the same bytes. Telephone numbers are from ranges that the
regulators of Great Britain, Germany and France keep for fiction.
"""

import datetime
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msp_portal.demo.dirt import Person, soil
from msp_portal.demo.names import people_names
from msp_portal.demo.profiles import profile
from msp_portal.demo.table import Expected, Row, Table

MSP = "Lanternfield Managed Services"
FIELDS = (
    "employee_id",
    "given_name",
    "family_name",
    "job_title",
    "department",
    "location",
    "phone",
    "hire_date",
    "manager_id",
    "status",
    "country",
)
_ENGLISH = {field: field for field in FIELDS}
_GERMAN = {
    "employee_id": "Personalnummer",
    "given_name": "Vorname",
    "family_name": "Nachname",
    "job_title": "Stelle",
    "department": "Abteilung",
    "location": "Standort",
    "phone": "Telefon",
    "hire_date": "Eintritt",
    "manager_id": "Vorgesetzter",
    "status": "Status",
    "country": "Land",
    "note": "Notiz",
}
# Another system, another order.
_SCATTERED = {field: field for field in reversed(FIELDS)}
_FIRST_DAY = datetime.date(2004, 1, 5).toordinal()
_LAST_DAY = datetime.date(2026, 2, 27).toordinal()


@dataclass(frozen=True, slots=True)
class _Site:
    """A place of work; `phone` is formatted with a number of three digits."""

    location: str
    country: str
    phone: str


@dataclass(frozen=True, slots=True)
class _Company:
    """What an export is made of. `header`: column name by field, in the file's order."""

    domain: str
    sites: tuple[_Site, ...]
    departments: Mapping[str, tuple[str, ...]]
    header: Mapping[str, str]
    encoding: str = "utf-8"
    delimiter: str = ","
    key: str = "{:06d}"
    first_key: int = 1
    active: str = "active"
    inactive: str = "inactive"

    def profile(self) -> dict[str, Any]:
        return profile(self.header, self.domain, self.active, self.inactive)


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """A customer with one tenant, one file and one mapping profile (JSON values)."""

    slug: str
    name: str
    domain: str
    tenant_id: str
    table: Table
    profile: dict[str, Any]

    def export(self) -> bytes:
        """The HR export as the customer would upload it."""
        return self.table.to_bytes()

    @property
    def expected(self) -> Expected:
        """Outcome of the tenant's first run, known from how the rows were made."""
        return self.table.expected()


_LONDON = _Site("London", "GB", "+44 20 7946 0{:03d}")
_MANCHESTER = _Site("Manchester", "GB", "+44 161 496 0{:03d}")
_LEEDS = _Site("Leeds", "GB", "+44 113 496 0{:03d}")
_BERLIN = _Site("Berlin", "DE", "+49 30 23125 {:03d}")
_HAMBURG = _Site("Hamburg", "DE", "+49 40 66969 {:03d}")
_COLOGNE = _Site("Köln", "DE", "+49 221 4710 {:03d}")
_PARIS = _Site("Paris", "FR", "+33 1 99 00 {:03d}0")
_NANTES = _Site("Nantes", "FR", "+33 2 61 91 {:03d}0")

_FREIGHT = _Company(
    domain="brindlewick.example",
    sites=(_LONDON, _MANCHESTER, _LEEDS, _BERLIN, _PARIS),
    departments={
        "Operations": ("Dispatcher", "Driver Coordinator", "Shift Lead", "Planner"),
        "Warehouse": ("Picker", "Forklift Driver", "Stock Controller"),
        "Finance": ("Accountant", "Controller", "Payroll Clerk"),
        "Human Resources": ("HR Partner", "Recruiter"),
        "IT": ("Systems Engineer", "Service Desk Analyst", "Developer"),
        "Sales": ("Account Manager", "Sales Assistant"),
    },
    header=_ENGLISH,
    first_key=1001,
)
_MACHINES = _Company(
    domain="auenquell.example",
    sites=(_BERLIN, _HAMBURG, _COLOGNE),
    departments={
        "Fertigung": ("Mechaniker", "Schweißer", "Schichtführer"),
        "Einkauf": ("Einkäufer", "Sachbearbeiterin"),
        "Verwaltung": ("Buchhalter", "Personalreferent"),
        "Entwicklung": ("Konstrukteurin", "Prüfingenieur"),
    },
    header=_GERMAN,
    encoding="cp1252",
    delimiter=";",
    key="{:05d}",
    first_key=101,
    active="aktiv",
    inactive="inaktiv",
)
_STUDIO = _Company(
    domain="saulenoir.example",
    sites=(_PARIS, _NANTES),
    departments={
        "Création": ("Graphiste", "Directrice artistique", "Rédacteur"),
        "Conseil": ("Consultante", "Chef de projet"),
    },
    header=_SCATTERED,
    encoding="utf-8-sig",
    delimiter="\t",
    key="S{:04d}",
)


def demo_customers(seed: int = 2026) -> tuple[DemoCustomer, ...]:
    """1,200 clean people, 320 rows of a dirty export, and 85 people in two departments."""
    return (
        _customer(
            "brindlewick",
            "Brindlewick Freight",
            "5d1f3c0a-7b52-4e7e-9a61-0b9c2f6e1201",
            _FREIGHT,
            _clean_table(_FREIGHT, 1200, random.Random(f"{seed}-freight")),
        ),
        _customer(
            "auenquell",
            "Auenquell Maschinenbau",
            "a84e62d7-19cf-4b0d-8f35-6c7d10e5b320",
            _MACHINES,
            _dirty_table(_MACHINES, 320, random.Random(f"{seed}-machines")),
        ),
        _customer(
            "saule-noir",
            "Studio Saule Noir",
            "c3970b1e-62a4-4d88-b5f0-e1d4a7c90085",
            _STUDIO,
            _clean_table(_STUDIO, 85, random.Random(f"{seed}-studio")),
        ),
    )


def people_table(count: int, seed: int = 1) -> Table:
    """Any number of clean people, up to 100,000 and more, as customer 1 would export them."""
    return _clean_table(_FREIGHT, count, random.Random(seed))


def people_csv(count: int, seed: int = 1) -> bytes:
    """The same as a file (UTF-8, comma)."""
    return people_table(count, seed).to_bytes()


def people_profile() -> dict[str, Any]:
    """The mapping profile for `people_table`."""
    return _FREIGHT.profile()


def _customer(
    slug: str, name: str, tenant_id: str, company: _Company, table: Table
) -> DemoCustomer:
    return DemoCustomer(slug, name, company.domain, tenant_id, table, company.profile())


def _clean_table(company: _Company, count: int, rng: random.Random) -> Table:
    people = _people(company, count, rng)
    rows = tuple(Row(tuple(person[field] for field in company.header)) for person in people)
    return _table(company, rows)


def _dirty_table(company: _Company, count: int, rng: random.Random) -> Table:
    people = soil(list(_people(company, count, rng)), rng)
    rows = tuple(
        Row(
            tuple(dirty.values.get(name, "") for name in company.header) + dirty.surplus, dirty.fate
        )
        for dirty in people
    )
    return _table(company, rows, tail="\r\n;;;;;;;;;;;\r\n\r\n")


def _table(company: _Company, rows: tuple[Row, ...], tail: str = "") -> Table:
    fields, columns = tuple(company.header), tuple(company.header.values())
    return Table(fields, columns, rows, company.encoding, company.delimiter, tail)


def _people(company: _Company, count: int, rng: random.Random) -> Iterator[Person]:
    departments = list(company.departments)
    for at, (given, family) in enumerate(people_names(count, rng, company.encoding)):
        site = rng.choice(company.sites)
        department = rng.choice(departments)
        hired = datetime.date.fromordinal(rng.randint(_FIRST_DAY, _LAST_DAY))
        # Everybody reports to somebody further up the list, the first one to nobody.
        manager = company.key.format(company.first_key + rng.randrange(-(-at // 8))) if at else ""
        yield {
            "employee_id": company.key.format(company.first_key + at),
            "given_name": given,
            "family_name": family,
            "job_title": rng.choice(company.departments[department]),
            "department": department,
            "location": site.location,
            "phone": site.phone.format(rng.randrange(1000)),
            "hire_date": hired.isoformat(),
            "manager_id": manager,
            "status": company.active,
            "country": site.country,
        }
