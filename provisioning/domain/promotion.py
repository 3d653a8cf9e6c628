"""Taking a profile from one tenant of a customer to another: what names the old tenant; pure.

Ids (GUIDs, as groups have them), domains and sets of custom security attributes belong to one
tenant. They are looked for in constants, defaults, parameters, conditions, in the texts that stand
in expressions, in the names of targets, and in group rules. Those that the table knows are
replaced; the others are listed with their place, because a person has to say that each may stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from provisioning.domain.expressions import ExpressionError, parse
from provisioning.domain.expressions.tree import Text, walk
from provisioning.domain.groups.words import GROUP_RULE
from provisioning.domain.profile_parameters import parameters_of

Kind: TypeAlias = Literal["domain", "id", "set"]
Replacements: TypeAlias = Mapping[tuple[str, str], str]
"""What becomes of a value; values are in lower case, sets as they are written."""

_SETS = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:CustomSecurityAttributes:"
_ID = r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])"
# In a regular expression the dots of a domain are written \. and, in a text, \\. means the same.
_DOMAIN = (
    r"(?<![\w.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\{1,2})?\.)+[a-z][a-z0-9-]{0,61}[a-z]"
    r"(?![\w@-])"
)
_TOKEN = re.compile(f"(?P<id>{_ID})|(?P<domain>{_DOMAIN})", re.IGNORECASE)
_DATE_FORMAT = re.compile(r"(?:d{1,4}|M{1,4}|y{2,5}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|f{1,7}|\.)+")


@dataclass(frozen=True, slots=True)
class Mention:
    """A value that belongs to one tenant; `line` is the expression's, 1-based, 0 elsewhere."""

    kind: Kind
    value: str
    place: str
    line: int = 0

    @property
    def key(self) -> str:
        """Names this mention among all of a profile."""
        return f"{self.kind}|{self.value}|{self.place}|{self.line}"


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What is known of a tenant: domains (most used first), group names by id, sets."""

    domains: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    sets: frozenset[str] = frozenset()
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promoted:
    """The profile for the other tenant, and what in it still names the old one."""

    definition: dict[str, Any]
    replaced: tuple[Mention, ...]
    left: tuple[Mention, ...]


def mentions_of(definition: Mapping[str, Any]) -> tuple[Mention, ...]:
    """Everything in a definition that belongs to one tenant, in its order, each place once."""
    found: list[Mention] = []

    def look(mention: Mention, written: str) -> str:
        found.append(mention)
        return written

    _visited(definition, look)
    return tuple(dict.fromkeys(found))


def promote(definition: Mapping[str, Any], table: Replacements) -> Promoted:
    """Replace what the table knows; a value that it maps to itself is known to stay."""
    replaced: list[Mention] = []
    left: list[Mention] = []

    def turn(mention: Mention, written: str) -> str:
        new = table.get((mention.kind, mention.value))
        (left if new is None else replaced).append(mention)
        return written if new is None else _as_written(new, written, mention.kind)

    changed = _visited(definition, turn)
    return Promoted(changed, tuple(dict.fromkeys(replaced)), tuple(dict.fromkeys(left)))


def suggest(
    mentions: Iterable[Mention], source: TenantFacts, target: TenantFacts
) -> dict[tuple[str, str], str]:
    """A first table: equal parameters, the most used domain, groups and sets of equal name."""
    table: dict[tuple[str, str], str] = {}
    for mention in mentions:
        answer = _SUGGESTIONS[mention.kind](mention.value, source, target)
        if answer:
            table[mention.kind, mention.value] = answer
    return table


def _domain_for(value: str, source: TenantFacts, target: TenantFacts) -> str | None:
    if value in target.domains:
        return value
    for name, text in source.parameters.items():
        if text.lower() == value and target.parameters.get(name, "").strip():
            return target.parameters[name].lower()
    if source.domains[:1] == (value,) and target.domains:
        return target.domains[0]
    return None


def _group_for(value: str, source: TenantFacts, target: TenantFacts) -> str | None:
    """The only group of the same name; of several, none is picked."""
    if value in target.groups:
        return value
    name = source.groups.get(value)
    same = [each for each, called in target.groups.items() if called == name]
    return same[0] if name and len(same) == 1 else None


def _set_for(value: str, source: TenantFacts, target: TenantFacts) -> str | None:
    return value if value in target.sets else None


_SUGGESTIONS: dict[Kind, Callable[[str, TenantFacts, TenantFacts], str | None]] = {
    "domain": _domain_for,
    "id": _group_for,
    "set": _set_for,
}


def domains_by_use(user_names: Iterable[str]) -> tuple[str, ...]:
    """Domains of user names, the most used first."""
    counted = Counter(name.rpartition("@")[2].lower() for name in user_names if "@" in name)
    return tuple(domain for domain, _ in counted.most_common())


_Turn: TypeAlias = Callable[[Mention, str], str]


def _as_written(new: str, written: str, kind: Kind) -> str:
    """A domain in a regular expression keeps the escapes before its dots."""
    escape = re.search(r"\\+(?=\.)", written) if kind == "domain" else None
    return new.replace(".", f"{escape[0]}.") if escape else new


def _visited(definition: Mapping[str, Any], turn: _Turn) -> dict[str, Any]:
    """The definition with every mention handed to `turn` and its answer in the place."""
    changed = {
        name: _leaves(value, name, turn)
        for name, value in definition.items()
        if name not in ("key_column", "parameters", "attributes", "lifecycle", "groups")
    }
    parameters = {
        name: _turned(str(value), turn, f"parameter {name}")
        for name, value in parameters_of(definition).items()
    }
    special = {
        "parameters": parameters,
        "attributes": [_rule(rule, turn) for rule in definition.get("attributes", [])],
        "lifecycle": _lifecycle(definition.get("lifecycle"), turn),
        "groups": [_group(rule, turn) for rule in definition.get("groups", [])],
    }
    return {name: special.get(name, changed.get(name, definition[name])) for name in definition}


def _leaves(value: Any, place: str, turn: _Turn) -> Any:
    """Every text below; names of columns and tests are none of a tenant's."""
    if isinstance(value, str):
        return _turned(value, turn, place)
    if isinstance(value, list):
        return [_leaves(each, place, turn) for each in value]
    if isinstance(value, Mapping):
        inside = {name: f"{place} {name}" if place == "rules" else place for name in value}
        fixed = ("column", "is", "rule")
        return {
            name: each if name in fixed else _leaves(each, inside[name], turn)
            for name, each in value.items()
        }
    return value


def _rule(rule: Mapping[str, Any], turn: _Turn) -> dict[str, Any]:
    target = str(rule["target"])
    changed = dict(rule)
    if target.startswith(_SETS):
        name, dot, attribute = target.removeprefix(_SETS).partition(".")
        mention = Mention("set", name, target)
        changed["target"] = f"{_SETS}{turn(mention, name)}{dot}{attribute}"
    return _texts(changed, turn, target)


def _texts(rule: Mapping[str, Any], turn: _Turn, place: str) -> dict[str, Any]:
    """The rule with what is written besides its target turned."""
    changed = dict(rule)
    for option in ("constant", "default"):
        if isinstance(rule.get(option), str):
            changed[option] = _turned(rule[option], turn, place)
    if isinstance(rule.get("expression"), str):
        changed["expression"] = _expression(rule["expression"], turn, place)
    return changed


def _lifecycle(entry: Any, turn: _Turn) -> Any:
    """Dates are read and steps write as rules do."""
    if not isinstance(entry, Mapping):
        return entry
    changed = dict(entry)
    for name in ("start", "last_day"):
        if isinstance(entry.get(name), Mapping):
            changed[name] = _texts(entry[name], turn, name)
    if isinstance(entry.get("leavers"), list):
        changed["leavers"] = [
            _rule(step, turn) if isinstance(step, Mapping) and "target" in step else step
            for step in entry["leavers"]
        ]
    if isinstance(entry.get("way_in"), str):
        changed["way_in"] = _turned(entry["way_in"], turn, "way_in")
    return changed


def _group(rule: Mapping[str, Any], turn: _Turn) -> dict[str, Any]:
    """Names of groups, conditions and adopted ids; the name of the rule is the profile's own."""
    place = f"{GROUP_RULE}{rule['rule']}"
    changed = dict(rule)
    for entry in ("expression", "name"):
        if isinstance(rule.get(entry), str):
            changed[entry] = _expression(rule[entry], turn, place)
    for entry in ("group", "description", "when"):
        if entry in rule:
            changed[entry] = _leaves(rule[entry], place, turn)
    if "adopt" in rule:
        changed["adopt"] = _adopted(rule["adopt"], turn, place)
    return changed


def _adopted(given: Any, turn: _Turn, place: str) -> Any:
    """Ids by value; a value that would become another one's stays as it is."""
    if not isinstance(given, Mapping):
        return _leaves(given, place, turn)
    values = {value: _turned(value, turn, place) for value in given}
    same = len(set(values.values())) < len(values)
    return {
        value if same else values[value]: _leaves(each, place, turn)
        for value, each in given.items()
    }


def _expression(text: str, turn: _Turn, target: str) -> str:
    """The expression with its texts turned; everything else stays as it is laid out."""
    try:
        literals = [node for node in walk(parse(text)) if isinstance(node, Text)]
    except ExpressionError:
        return _turned(text, turn, target)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    done, pieces = 0, []
    for literal in sorted(literals, key=lambda node: (node.at.line, node.at.column)):
        begin = starts[literal.at.line - 1] + literal.at.column - 1
        end = begin + len(_LITERAL.match(text, begin)[0])  # type: ignore[index]
        pieces += [text[done:begin], _turned(text[begin:end], turn, target, literal.at.line)]
        done = end
    return "".join([*pieces, text[done:]])


_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _turned(text: str, turn: _Turn, place: str, line: int = 0) -> str:
    def answer(match: re.Match[str]) -> str:
        written = match[0]
        if _DATE_FORMAT.fullmatch(written):
            return written
        kind: Kind = "id" if match["id"] else "domain"
        value = written.replace("\\", "").lower()
        inner = line + text.count("\n", 0, match.start()) if line else 0
        return turn(Mention(kind, value, place, inner), written)

    return _TOKEN.sub(answer, text)
