"""The least application permissions that a tenant's profiles need, and why each; pure.

A permission is a set of rights: an act in the directory, or the change of one attribute. What is
advised covers every right that is needed, first with the fewest rights beyond those, then with the
fewest permissions. So `User.ReadWrite.All` is advised only where somebody may be deleted, and a
permission for one attribute only where nothing else is changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, combinations

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, MANAGER, is_custom
from provisioning.domain.definition import ProfileDefinition
from provisioning.domain.groups.rules import GroupRule
from provisioning.domain.lifecycle import AT_ONCE, CLEAR, DELETE, DISABLE, SET, Step
from provisioning.domain.permissions import SCOPED, Act

_ANY = ""
"""Stands for every attribute in the right to change users."""
Right = tuple[Act, str]


def _acts(*acts: Act) -> frozenset[Right]:
    return frozenset((act, _ANY) for act in acts)


_SCOPED_RIGHTS = {
    name: frozenset((Act.CHANGE_USER, path) for path in paths) for name, paths in SCOPED.items()
}
_EVERY_SCOPED = frozenset(chain.from_iterable(_SCOPED_RIGHTS.values()))
_CHANGES = _acts(Act.CHANGE_USER) | _EVERY_SCOPED
RIGHTS: Mapping[str, frozenset[Right]] = {
    "User.Read.All": _acts(Act.READ_USERS),
    "User.Create": _acts(Act.CREATE_USER),
    **_SCOPED_RIGHTS,
    "User.ReadUpdate.All": _CHANGES,
    "User.ReadWrite.All": _CHANGES | _acts(Act.READ_USERS, Act.CREATE_USER, Act.DELETE_USER),
    "Group.Read.All": _acts(Act.READ_GROUPS),
    "Group.Create": _acts(Act.CREATE_GROUP),
    "GroupMember.ReadWrite.All": _acts(Act.CHANGE_MEMBERS),
    "Group.ReadWrite.All": _acts(
        Act.READ_GROUPS, Act.CREATE_GROUP, Act.CHANGE_GROUP, Act.DELETE_GROUP, Act.CHANGE_MEMBERS
    ),
    "CustomSecAttributeDefinition.Read.All": _acts(Act.READ_CUSTOM_SCHEMA),
    "CustomSecAttributeAssignment.Read.All": _acts(Act.READ_CUSTOM),
    "CustomSecAttributeAssignment.ReadWrite.All": _acts(Act.READ_CUSTOM, Act.WRITE_CUSTOM),
}
"""What each permission allows of what the SCIM API does (fact: Microsoft's SCIM reference)."""

_OTHERS = {"User.ReadBasic.All": "read too little: no externalId, by which people are found"}


@dataclass(frozen=True, slots=True)
class Need:
    """A right the profile needs, and what needs it, in words."""

    right: Right
    reason: str


@dataclass(frozen=True, slots=True)
class Advised:
    """A permission to grant, and everything it is for."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """The least set, in alphabetical order, for all needs of a tenant."""

    needs: tuple[Need, ...]
    permissions: tuple[Advised, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The permissions' names."""
        return tuple(each.name for each in self.permissions)


@dataclass(frozen=True, slots=True)
class Excess:
    """A permission that is held and not needed; `allows` says what it permits beyond the needs."""

    name: str
    allows: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What a token holds beside what is needed: `missing` blocks, `excessive` is only named."""

    missing: tuple[Advised, ...]
    excessive: tuple[Excess, ...]

    @property
    def lacking(self) -> frozenset[str]:
        """Names of the missing ones."""
        return frozenset(each.name for each in self.missing)

    @property
    def enough(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


def advise(
    definitions: Iterable[ProfileDefinition],
    *,
    protects_groups: bool = False,
    testing: bool = True,
) -> Advice:
    """The least permissions for these profiles, and for `testing` the connection."""
    found = list(_always(protects_groups=protects_groups, testing=testing))
    several = list(definitions)
    for definition in several:
        found += _needs(definition)
    if len(several) > 1:
        found.append(Need((Act.CHANGE_USER, _ANY), "Accounts pass from one source to another."))
    needs = tuple(dict.fromkeys(found))
    rights = frozenset(need.right for need in needs)
    names = _least(rights)
    return Advice(needs, tuple(Advised(name, _reasons(name, needs)) for name in names))


def compare(advice: Advice, held: Iterable[str]) -> Compared:
    """What is missing of the advised, and what is held beyond; `held` is a token's claim."""
    held = frozenset(held)
    covered = _granted(held)
    lacking = tuple(need for need in advice.needs if need.right not in covered)
    missing = (
        Advised(each.name, _reasons(each.name, lacking))
        for each in advice.permissions
        if any(need.right in RIGHTS[each.name] for need in lacking)
    )
    needed = frozenset(need.right for need in advice.needs)
    beyond = sorted(held - frozenset(advice.names))
    return Compared(tuple(missing), tuple(Excess(name, _allows(name, needed)) for name in beyond))


def _least(needed: frozenset[Right]) -> tuple[str, ...]:
    """Permissions of users, groups and custom attributes share no right: each family alone."""
    families: dict[str, list[str]] = {}
    for name in sorted(name for name, rights in RIGHTS.items() if rights & needed):
        families.setdefault(name[:4], []).append(name)
    return tuple(sorted(chain(*(_least_of(names, needed) for names in families.values()))))


def _least_of(names: list[str], needed: frozenset[Right]) -> tuple[str, ...]:
    """Of every choice among these names that covers what they can cover, the least."""
    coverable = needed & _granted(names)
    choices = chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
    enough = (choice for choice in choices if coverable <= _granted(choice))
    return min(enough, key=lambda choice: (len(_granted(choice) - needed), len(choice), choice))


def _granted(names: Iterable[str]) -> frozenset[Right]:
    return frozenset(chain.from_iterable(RIGHTS.get(name, ()) for name in names))


def _reasons(name: str, needs: Iterable[Need]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n.reason for n in needs if n.right in RIGHTS[name]))


def _allows(name: str, needed: frozenset[Right]) -> str:
    rights = RIGHTS.get(name)
    if rights is None:
        return _OTHERS.get(name, "nothing that the portal does")
    beyond = dict.fromkeys(
        act.value for act, path in sorted(rights - needed) if path == _ANY or act != Act.CHANGE_USER
    )
    if not beyond and rights - needed:
        return "change an attribute that no profile changes"
    return ", ".join(beyond) or "nothing beyond what the others allow"


def _always(*, protects_groups: bool, testing: bool) -> Iterable[Need]:
    yield Need((Act.READ_USERS, _ANY), "Accounts that exist already are seen before any is made.")
    if testing:
        tested = "The connection test reads what the service supports."
        yield Need((Act.READ_USERS, _ANY), tested)
        yield Need((Act.READ_GROUPS, _ANY), tested)
    if protects_groups:
        yield Need((Act.READ_USERS, _ANY), "Members of protected groups are never written.")


def _needs(definition: ProfileDefinition) -> Iterable[Need]:
    yield Need((Act.CREATE_USER, _ANY), "Joiners get an account.")
    changed = dict(_changed(definition))
    custom = {path: reason for path, reason in changed.items() if is_custom(path)}
    yield from _of_changes({p: r for p, r in changed.items() if p not in custom})
    custom |= {
        rule.target: f"{_named(rule.target)} is mapped."
        for rule in definition.rules
        if is_custom(rule.target)
    }
    for reason in dict.fromkeys(custom.values()):
        yield Need((Act.WRITE_CUSTOM, _ANY), reason)
        yield Need((Act.READ_CUSTOM_SCHEMA, _ANY), reason)
    if any(step.do == DELETE for step in _steps(definition)):
        yield Need((Act.DELETE_USER, _ANY), "Leavers' accounts are deleted after some days.")
    if definition.out_of_scope == "delete":
        yield Need((Act.DELETE_USER, _ANY), "Accounts outside the scope are deleted after days.")
    for rule in definition.groups:
        yield from _of_groups(rule)


def _of_changes(changed: Mapping[str, str]) -> Iterable[Need]:
    """One attribute's permission is enough only while nothing else is changed."""
    scoped = {path for _, path in _EVERY_SCOPED}
    alone = set(changed) <= scoped
    for path, reason in changed.items():
        yield Need((Act.CHANGE_USER, path if alone else _ANY), reason)


def _changed(definition: ProfileDefinition) -> Iterable[tuple[str, str]]:
    """Paths that are changed on an account that exists, with the reason."""
    for rule in definition.rules:
        if not rule.once or rule.target == MANAGER:
            yield rule.target, f"{_named(rule.target)} follows the source."
    for step in _steps(definition):
        if step.do in (SET, CLEAR):
            yield step.target, f"{_named(step.target)} is set or cleared when somebody leaves."
    if definition.matching:
        yield EXTERNAL_ID, "An account that is adopted gets its externalId."
    if _disables(definition):
        yield ACTIVE, "Leavers are disabled, and enabled again when they come back."
    if definition.lifecycle and definition.lifecycle.start:
        yield ACTIVE, "Joiners are enabled on their first day."


def _disables(definition: ProfileDefinition) -> bool:
    steps = any(step.do == DISABLE for step in _steps(definition))
    return steps or definition.out_of_scope != "skip"


def _steps(definition: ProfileDefinition) -> tuple[Step, ...]:
    lifecycle = definition.lifecycle
    return lifecycle.steps if lifecycle else AT_ONCE


def _of_groups(rule: GroupRule) -> Iterable[Need]:
    name = f"Group rule {rule.rule}"
    yield Need((Act.CHANGE_MEMBERS, _ANY), f"{name}: members come and go.")
    yield Need((Act.READ_GROUPS, _ANY), f"{name}: groups are recognised before they are changed.")
    if rule.source == "group" and rule.adopts(rule.rule):
        return
    yield Need((Act.CREATE_GROUP, _ANY), f"{name}: a group is created when it is missing.")
    if rule.source != "group":
        reason = f"{name}: a group is named as the source writes its value."
        yield Need((Act.CHANGE_GROUP, _ANY), reason)
    if rule.emptied == "delete":
        yield Need((Act.DELETE_GROUP, _ANY), f"{name}: an emptied group is deleted.")


def _named(path: str) -> str:
    """The attribute as people read a path: its last part."""
    return path.rsplit(":", 1)[-1]
