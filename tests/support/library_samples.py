"""Makes the samples of the template library: `python -m tests.support.library_samples`.

Invented people with a seed; telephone numbers are from ranges kept for fiction.
"""

import csv
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from msp_portal.demo.names import people_names, plain

FOLDER = Path(__file__).parents[2] / "provisioning" / "library" / "samples"
PEOPLE = 12
_TITLES = ("Nurse", "Accountant", "Welder", "Head of Sales", "Service engineer", "Buyer")
_UNITS = ("Care", "Finance", "Workshop", "Sales", "Field service", "Purchasing")
_PLACES = ("Lunde", "Aumont", "Brackwede", "Tallow Bridge")


@dataclass(frozen=True)
class Someone:
    """One person, in no system's words; the last two have left."""

    number: int
    first: str
    last: str
    pick: int
    gone: bool

    @property
    def title(self) -> str:
        return _TITLES[self.pick % len(_TITLES)]

    @property
    def unit(self) -> str:
        return _UNITS[self.pick % len(_UNITS)]

    @property
    def place(self) -> str:
        return _PLACES[self.pick % len(_PLACES)]

    @property
    def phone(self) -> str:
        return f"+44 1632 960{self.pick % 1000:03d}"

    @property
    def mail(self) -> str:
        return f"{plain(self.first)}.{plain(self.last)}@customer.example"

    def hired(self, form: str) -> str:
        """The day of hiring; `form` holds {y}, {m} and {d}."""
        year, month, day = 2004 + self.pick % 22, 1 + self.pick % 12, 1 + self.pick % 28
        return form.format(y=year, m=f"{month:02d}", d=f"{day:02d}")

    def status(self, *words: str) -> str:
        """The last of the words for those who have left, one of the others for the rest."""
        return words[-1] if self.gone else words[self.pick % (len(words) - 1)]


def everybody() -> Iterator[Someone]:
    """The people of every sample."""
    rng = random.Random(20_260_301)
    for number, (first, last) in enumerate(people_names(PEOPLE, rng, "utf-8"), start=1):
        yield Someone(1000 + number, first, last, rng.randrange(10_000), number > PEOPLE - 2)


def generic(each: Someone) -> dict[str, str]:
    return {
        "employee_id": f"{each.number:06d}",
        "first_name": each.first,
        "last_name": each.last,
        "job_title": each.title,
        "department": each.unit,
        "company": "Customer Ltd",
        "cost_center": f"CC-{each.pick % 9 + 1}00",
        "location": each.place,
        "work_phone": each.phone,
        "hire_date": each.hired("{y}-{m}-{d}"),
        "status": each.status("active", "on leave", "left"),
    }


def workday(each: Someone) -> dict[str, str]:
    return {
        "Employee_ID": str(each.number),
        "Legal_Name_First_Name": each.first,
        "Legal_Name_Last_Name": each.last,
        "Preferred_Name_First_Name": each.first if each.pick % 3 else "",
        "Preferred_Name_Last_Name": "",
        "Worker_Type": "Contingent Worker" if each.pick % 4 == 0 else "Employee",
        "Business_Title": each.title,
        "Supervisory_Organization": f"{each.unit} (Head of {each.unit})",
        "Company": "Customer Ltd",
        "Cost_Center": f"{each.pick % 9 + 1}00 {each.unit}",
        "Location": each.place,
        "Hire_Date": each.hired("{m}/{d}/{y}" if each.pick % 2 else "{y}-{m}-{d}"),
        "Active_Status": each.status("1", "0"),
    }


def bamboohr(each: Someone) -> dict[str, str]:
    return {
        "id": str(each.number),
        "firstName": each.first,
        "preferredName": each.first[:3] if each.pick % 4 == 0 else "",
        "lastName": each.last,
        "jobTitle": each.title,
        "department": each.unit,
        "division": "Operations",
        "location": each.place,
        "workEmail": each.mail,
        "workPhone": each.phone,
        "mobilePhone": "",
        "hireDate": "0000-00-00" if each.pick % 5 == 0 else each.hired("{y}-{m}-{d}"),
        "status": each.status("Active", "Inactive"),
    }


def personio(each: Someone) -> dict[str, str]:
    return {
        "ID": str(each.number),
        "First name": each.first,
        "Last name": each.last,
        "Email": each.mail,
        "Status": each.status("active", "onboarding", "leave", "inactive"),
        "Position": each.title,
        "Department": each.unit,
        "Office": each.place,
        "Subcompany": "Customer GmbH",
        "Employment type": "external" if each.pick % 4 == 0 else "internal",
        "Cost center": f"{each.pick % 9 + 1}00",
        "Hire date": each.hired("{d}.{m}.{y}" if each.pick % 2 else "{y}-{m}-{d}"),
    }


def successfactors(each: Someone) -> dict[str, str]:
    return {
        "STATUS": each.status("active", "inactive"),
        "USERID": str(each.number),
        "USERNAME": f"{plain(each.first)[:1]}{plain(each.last)}",
        "FIRSTNAME": each.first,
        "LASTNAME": each.last,
        "EMAIL": each.mail,
        "MANAGER": "NO_MANAGER",
        "HR": "NO_HR",
        "TITLE": each.title,
        "DEPARTMENT": each.unit,
        "DIVISION": "Operations",
        "LOCATION": each.place,
        "BIZ_PHONE": each.phone,
        "COUNTRY": "United Kingdom",
        "EMPID": str(each.number),
        "HIREDATE": each.hired("{m}/{d}/{y}"),
    }


def scim(each: Someone) -> dict[str, str]:
    return {
        "externalId": f"P{each.number}",
        "userName": each.mail,
        "displayName": f"{each.first} {each.last}",
        "name.givenName": each.first,
        "name.familyName": each.last,
        "active": each.status("true", "false"),
        "title": each.title,
        "userType": "Employee",
        "preferredLanguage": "en-GB",
        "emails.work": each.mail,
        "phoneNumbers.work": each.phone,
        "employeeNumber": str(each.number),
        "department": each.unit,
        "division": "Operations",
        "costCenter": f"{each.pick % 9 + 1}00",
        "organization": "Customer Ltd",
    }


SAMPLES: dict[str, Callable[[Someone], dict[str, str]]] = {
    "generic-hr-csv": generic,
    "workday-worker-report": workday,
    "bamboohr-directory": bamboohr,
    "personio": personio,
    "successfactors": successfactors,
    "scim-core-passthrough": scim,
}
# The second row of SuccessFactors' user data file: labels, of which these two are fixed.
_LABELS = {"STATUS": "STATUS", "USERID": "USERID", "FIRSTNAME": "First Name"}


def sample(slug: str) -> bytes:
    """The bytes of one sample."""
    rows = [SAMPLES[slug](each) for each in everybody()]
    if slug == "successfactors":
        rows.insert(0, {name: _LABELS.get(name, name.title()) for name in rows[0]})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in SAMPLES:
        (FOLDER / f"{name}.csv").write_bytes(sample(name))
