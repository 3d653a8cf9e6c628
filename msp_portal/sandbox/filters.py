"""Filters exactly as the service lists them, and nothing else (fact sheet, 5 and 6)."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from msp_portal.sandbox.directory import Directory, Entry, Ids
from msp_portal.sandbox.errors import ScimError, bad_filter
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.schemas import ENTRA_GROUP, ENTRA_USER, GROUP, USER

_CLAUSE = re.compile(
    r"\s*(?P<negated>not\s*\(\s*)?(?P<name>[A-Za-z][\w.:$-]*)\s+(?P<op>[A-Za-z]{2})\s+"
    r'(?P<value>"(?:[^"\\]|\\.)*"|true|false)\s*(?P<close>\))?',
    re.IGNORECASE,
)
_AND = re.compile(r"\s*\band\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison; text that is compared without case is folded already."""

    name: str
    op: str
    value: str | bool
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be asked about an attribute."""

    ops: tuple[str, ...] = ("eq",)
    boolean: bool = False
    fold: bool = False
    negatable: bool = False  # `not(... ew ...)`: users only


USER_RULES = {
    "active": Rule(boolean=True),
    "username": Rule(("eq", "ew"), fold=True, negatable=True),
    "externalid": Rule(),
    "id": Rule(fold=True),
    "groups.value": Rule(fold=True),
    f"{ENTRA_USER}:mailNickname".lower(): Rule(("eq", "ew"), fold=True, negatable=True),
    f"{ENTRA_USER}:ownedGroups.value".lower(): Rule(fold=True),
}
GROUP_RULES = {
    "displayname": Rule(("eq", "ew"), fold=True),
    "id": Rule(fold=True),
    "members.value": Rule(fold=True),
    f"{ENTRA_GROUP}:securityEnabled".lower(): Rule(boolean=True),
    f"{ENTRA_GROUP}:mailEnabled".lower(): Rule(boolean=True),
    f"{ENTRA_GROUP}:owners.value".lower(): Rule(fold=True),
}
_CORES = (USER.lower() + ":", GROUP.lower() + ":")


def parse_filter(text: str, rules: dict[str, Rule]) -> list[Clause]:
    """Clauses of a filter, joined by `and`; ScimError 400 for anything the service refuses."""
    clauses = [_clause(match, rules) for match in _split(text)]
    if len(clauses) > 1 and any(each.name == "externalid" for each in clauses):
        raise bad_filter("A filter on 'externalId' cannot be combined with another clause.")
    return clauses


def _split(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while True:
        match = _CLAUSE.match(text, position)
        if match is None or bool(match["negated"]) != bool(match["close"]):
            raise bad_filter(f"Invalid filter: {text!r}.")
        yield match
        if match.end() == len(text):
            return
        joint = _AND.match(text, match.end())
        if joint is None:
            raise bad_filter(f"Invalid filter: {text!r}. Clauses can be joined by 'and' only.")
        position = joint.end()


def _clause(match: re.Match[str], rules: dict[str, Rule]) -> Clause:
    name, op, negated = match["name"].lower(), match["op"].lower(), bool(match["negated"])
    for core in _CORES:
        name = name.removeprefix(core)
    rule = rules.get(name)
    if rule is None:
        raise bad_filter(f"Filtering on '{match['name']}' is not supported.")
    if op not in rule.ops or (negated and not (rule.negatable and op == "ew")):
        raise bad_filter(f"Operator '{match['op']}' is not supported for '{match['name']}'.")
    return Clause(name, op, _value(match, rule), negated)


def _value(match: re.Match[str], rule: Rule) -> str | bool:
    try:
        value = json.loads(match["value"] if match["value"][0] == '"' else match["value"].lower())
    except ValueError as error:
        raise bad_filter(f"Invalid value in filter: {match['value']}.") from error
    if isinstance(value, bool) != rule.boolean:
        raise bad_filter(f"Invalid value for '{match['name']}' in filter: {match['value']}.")
    return value.casefold() if rule.fold and isinstance(value, str) else value


_User = Callable[[Directory, Entry, Clause], bool]


def _text(entry_value: str, clause: Clause) -> bool:
    folded, wanted = entry_value.casefold(), str(clause.value)
    return folded == wanted if clause.op == "eq" else folded.endswith(wanted)


def _part(resource: Json, urn: str, name: str) -> str:
    return resource.get(urn, {}).get(name) or ""


_TESTS: dict[str, _User] = {
    "active": lambda _, e, c: e.resource.get("active") is c.value,
    "username": lambda _, e, c: _text(e.resource.get("userName", ""), c),
    "externalid": lambda _, e, c: e.resource.get("externalId") == c.value,
    "id": lambda _, e, c: e.resource["id"] == c.value,
    "displayname": lambda _, e, c: _text(e.resource.get("displayName", ""), c),
    "groups.value": lambda d, e, c: c.value in d.member_of.get(e.resource["id"], ()),
    "members.value": lambda d, e, c: c.value in d.members.get(e.resource["id"], ()),
    f"{ENTRA_USER}:mailNickname".lower(): lambda _, e, c: _text(
        _part(e.resource, ENTRA_USER, "mailNickname"), c
    ),
    f"{ENTRA_USER}:ownedGroups.value".lower(): lambda d, e, c: (
        c.value in d.owned_by(e.resource["id"])
    ),
    f"{ENTRA_GROUP}:securityEnabled".lower(): lambda _, e, c: (
        e.resource.get(ENTRA_GROUP, {}).get("securityEnabled") is c.value
    ),
    f"{ENTRA_GROUP}:mailEnabled".lower(): lambda _, e, c: (
        e.resource.get(ENTRA_GROUP, {}).get("mailEnabled") is c.value
    ),
    f"{ENTRA_GROUP}:owners.value".lower(): lambda d, e, c: (
        c.value in d.owners.get(e.resource["id"], ())
    ),
}


def matches(directory: Directory, entry: Entry, clauses: list[Clause]) -> bool:
    """Whether an entry passes every clause."""
    return all(_TESTS[c.name](directory, entry, c) != c.negated for c in clauses)


def user_candidates(directory: Directory, clauses: list[Clause], seq: int) -> Iterator[Entry]:
    """Users from `seq` on that may match: through an index where a clause allows it."""
    lookups: dict[str, Callable[[str], Ids]] = {
        "id": lambda value: {value: None},
        "username": directory.by_name.get,
        "externalid": directory.by_external.get,
        f"{ENTRA_USER}:mailNickname".lower(): directory.by_nick.get,
        "groups.value": lambda value: directory.members.get(value, {}),
    }
    for clause in clauses:
        if clause.op == "eq" and isinstance(clause.value, str) and clause.name in lookups:
            return directory.users.chosen(lookups[clause.name](clause.value), seq)
    return directory.users.since(seq)


def group_candidates(directory: Directory, clauses: list[Clause], seq: int) -> Iterator[Entry]:
    """Groups from `seq` on that may match."""
    for clause in clauses:
        if clause.name == "id":
            return directory.groups.chosen({str(clause.value): None}, seq)
        if clause.name == "members.value":
            return directory.groups.chosen(directory.member_of.get(str(clause.value), {}), seq)
    return directory.groups.since(seq)


def require_basic(clauses: list[Clause]) -> None:
    """With User.ReadBasic.All only id and userName may be filtered on (fact sheet, 7)."""
    if any(each.name not in ("id", "username") for each in clauses):
        raise ScimError(
            403, "InsufficientPrivileges: insufficient privileges to complete the operation."
        )
