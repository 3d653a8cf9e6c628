"""A profile of 20 attributes, 8 of them expressions, against the same mapping written by hand.

Run: python -m tests.bench.bench_mapping [records]. Prints both times and their ratio (at most 3),
and how long records take whose pattern backtracks catastrophically (at most 100 ms each).
"""

import re
import sys
import time
import unicodedata
from collections.abc import Callable
from typing import Any

from provisioning.domain.definition import parse_definition
from provisioning.domain.mapping import CompiledProfile, MappingError, compile_profile

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
WORK = 'addresses[type eq "work"]'

LOCAL = (
    'Replace(ToLower(NormalizeDiacritics(StripSpaces(Join(".", [first], [last])))),'
    ' , "[^a-z0-9.-]", , "", , )'
)
RULES: dict[str, tuple[str, str]] = {
    "userName": ("expression", f'Append({LOCAL}, "@tenant.example")'),
    f"{ENTRA}:mailNickname": ("expression", f"Left({LOCAL}, 64)"),
    "displayName": ("expression", 'Join(" ", Coalesce([preferred], [first]), [last])'),
    "active": ("expression", 'Switch([status], "false", "A", "true", "L", "true")'),
    "title": ("expression", 'IIF([grade]>="10", Append("Senior ", [job]), [job])'),
    f"{WORK}.country": ("expression", "ToUpper([country])"),
    f"{ENTERPRISE}:employeeNumber": ("expression", 'Replace([id], "E-", , , "", , )'),
    f"{ENTERPRISE}:costCenter": ("expression", "Mid([unit], 1, 4)"),
    "name.givenName": ("column", "first"),
    "name.familyName": ("column", "last"),
    f"{ENTERPRISE}:department": ("column", "department"),
    f"{ENTERPRISE}:division": ("column", "division"),
    f"{WORK}.streetAddress": ("column", "street"),
    f"{WORK}.locality": ("column", "city"),
    f"{WORK}.postalCode": ("column", "zip"),
    'phoneNumbers[type eq "work"].value': ("column", "phone"),
    'phoneNumbers[type eq "mobile"].value': ("column", "mobile"),
    f"{ENTRA}:employeeHireDate": ("column", "hired"),
    f"{ENTRA}:usageLocation": ("column", "country"),
    f"{ENTERPRISE}:organization": ("constant", "Fabrikant Example"),
}
LIMITS = {
    "userName": 113,
    "displayName": 256,
    "name.givenName": 64,
    "name.familyName": 64,
    f"{ENTRA}:mailNickname": 64,
    "title": 128,
    f"{ENTERPRISE}:department": 64,
}
REQUIRED = (*list(LIMITS)[:5], "active")
UNWANTED = re.compile("[^a-z0-9.-]")
NOT_DECOMPOSED = str.maketrans({"ł": "l", "Ł": "L"})
USER_NAME = re.compile(r"[^\s@]+@[^\s@]+")
NICKNAME = re.compile(r'[^\s@()\\\[\]";:<>,]+')
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def plain(text: str) -> str:
    """Lower case without marks, as one would write it for this profile."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
        text = text.translate(NOT_DECOMPOSED)
    return UNWANTED.sub("", text.replace(" ", "").lower())


def by_hand(record: dict[str, str]) -> dict[str, str | bool]:
    """The same profile and the same checks, written for this one mapping."""
    cell = {name: text.strip() for name, text in record.items()}
    first, last = cell["first"], cell["last"]
    local = plain(".".join(filter(None, (first, last))))
    senior = cell["grade"].isdigit() and int(cell["grade"]) >= 10
    state: dict[str, str | bool] = {
        "userName": f"{local}@tenant.example",
        f"{ENTRA}:mailNickname": local[:64],
        "displayName": " ".join(filter(None, (cell["preferred"] or first, last))),
        "active": cell["status"] in ("A", "L"),
        "title": f"Senior {cell['job']}" if senior else cell["job"],
        f"{WORK}.country": cell["country"].upper(),
        f"{ENTERPRISE}:employeeNumber": cell["id"].replace("E-", ""),
        f"{ENTERPRISE}:costCenter": cell["unit"][:4],
        "name.givenName": first,
        "name.familyName": last,
        f"{ENTERPRISE}:department": cell["department"],
        f"{ENTERPRISE}:division": cell["division"],
        f"{WORK}.streetAddress": cell["street"],
        f"{WORK}.locality": cell["city"],
        f"{WORK}.postalCode": cell["zip"],
        'phoneNumbers[type eq "work"].value': cell["phone"],
        'phoneNumbers[type eq "mobile"].value': cell["mobile"],
        f"{ENTRA}:employeeHireDate": f"{cell['hired']}T00:00:00Z" if cell["hired"] else "",
        f"{ENTRA}:usageLocation": cell["country"],
        f"{ENTERPRISE}:organization": "Fabrikant Example",
    }
    check(state)
    return {path: value for path, value in state.items() if value != ""}


def check(state: dict[str, str | bool]) -> None:
    """Required values, lengths and shapes."""
    if any(state[path] == "" for path in REQUIRED):
        raise ValueError("a required value is missing")
    if any(len(str(state[path])) > limit for path, limit in LIMITS.items()):
        raise ValueError("a value is too long")
    hired = str(state[f"{ENTRA}:employeeHireDate"])
    if hired and not DATE.match(hired):
        raise ValueError("not a date")
    if not USER_NAME.fullmatch(str(state["userName"])):
        raise ValueError("not a user name")
    if not NICKNAME.fullmatch(str(state[f"{ENTRA}:mailNickname"])):
        raise ValueError("not a nickname")


def record(number: int) -> dict[str, str]:
    """One person; every third name has diacritics, every fifth a preferred name."""
    return {
        "id": f"E-{number:06}", "first": "Zoë Marie" if number % 3 == 0 else "Ada",
        "last": f"Łoś-{number}", "preferred": "Mia" if number % 5 == 0 else "",
        "status": "AXL"[number % 3], "grade": str(number % 20), "job": "Engineer",
        "country": "de", "unit": f"{number % 9000 + 1000}-77", "department": "Research",
        "division": "North", "street": f"Hauptstr. {number % 200}", "city": "Example City",
        "zip": "01067", "phone": "+49 30 5550100", "mobile": "", "hired": "2024-03-01",
        "leaver": "", "manager": "E-000001",
    }  # fmt: skip


def timed(run: Callable[[dict[str, str]], object], records: list[dict[str, str]]) -> float:
    """Seconds of processor time for all records."""
    start = time.process_time()
    for each in records:
        run(each)
    return time.process_time() - start


def definition() -> dict[str, Any]:
    """The profile as JSON."""
    rules = [{"target": target, kind: text} for target, (kind, text) in RULES.items()]
    return {"key_column": "id", "attributes": rules}


def catastrophe() -> tuple[float, float]:
    """Worst processor time and middle wall time, in seconds, of eleven records that a pattern of
    the profile cannot cope with.
    """
    data = definition()
    rule = {"target": "title", "expression": 'Replace([job], , "(a|aa)+$", , "")'}
    rules = [each for each in data["attributes"] if each["target"] != "title"]
    profile = compile_profile(parse_definition({**data, "attributes": [rule, *rules]}))
    times = [_stopped(profile, {**record(n), "job": "a" * (60 + n) + "b"}) for n in range(11)]
    processor, wall = zip(*times, strict=True)
    return max(processor), sorted(wall)[5]


def _stopped(profile: CompiledProfile, slow: dict[str, str]) -> tuple[float, float]:
    processor, wall = time.process_time(), time.perf_counter()
    try:
        profile.apply(slow)
    except MappingError as error:
        if error.slow:
            return time.process_time() - processor, time.perf_counter() - wall
    raise SystemExit("the pattern was not stopped")


def main() -> None:
    """Print the times of both ways, and their ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    records = [record(number) for number in range(count)]
    profile = compile_profile(parse_definition(definition()))
    for each in records[:100]:
        if profile.apply(each).values != by_hand(each):
            raise SystemExit(f"the two ways differ for {each}")
    # In turns, and the best of seven: a busy machine slows both alike.
    rounds = [(timed(by_hand, records), timed(profile.apply, records)) for _ in range(7)]
    hand, mapped = (min(times) for times in zip(*rounds, strict=True))
    print(f"by hand  {hand / count * 1e6:6.1f} us per record")
    print(f"profile  {mapped / count * 1e6:6.1f} us per record")
    print(f"ratio    {mapped / hand:6.2f}")
    processor, wall = catastrophe()
    print(
        f"slow     {processor * 1e3:6.1f} ms ({wall * 1e3:.1f} ms on the wall) for a record with a"
    )
    print("         catastrophic pattern, before it is stopped")


if __name__ == "__main__":
    main()
