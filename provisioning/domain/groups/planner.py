"""From desired memberships and the shadow of the groups to operations with exact calls; pure.

What it decides:

- Order: a group is created or changed before its members are added; all additions of all groups
  come before the first removal, so that whoever moves between groups never is without what both
  give; deletions come last. Creations of accounts precede the whole (see `Member`).
- Calls: a creation, a change (whatever changed) and a deletion are one each, additions one per 20,
  removals one each. A group that goes is deleted without removing its members first.
- A group is created with its first member, not before. Its nickname never changes.
- Removed is who we added and no rule leads there any more; others only where the group is fully
  managed and the whole source was read. Held and protected people are neither added nor removed.
- Dynamic, nested, on-premises and mail-enabled groups are refused, and so are groups of another
  kind than their rule says and groups whose members were never read.
- A group we adopted keeps its name and is never deleted. One that no rule accounts for is left.
- Deleting cannot be undone for a security group: it always waits for an explicit yes.

Time is linear in members. What is held beside desired and known memberships is one group's
additions, and the groups that go.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from provisioning.domain.groups.assignment import DesiredGroup, Memberships
from provisioning.domain.groups.nicknames import mail_nickname, recognised
from provisioning.domain.groups.rules import GroupRule, rule_name
from provisioning.domain.groups.values import (
    DESCRIPTION,
    DISPLAY_NAME,
    REFUSALS,
    GroupAct,
    GroupDirectory,
    GroupKind,
    GroupOperation,
    GroupShadow,
    Member,
    People,
)

ADD_PACK = 20
"""Members that one PATCH adds at most (fact sheet, 6)."""
_LICENCE = "May take away a licence that comes with this group."
_NO_RULE = "No longer put here by a rule."
_GONE = "No longer in the source."
_OUTSIDE = "No longer in the profile's scope."
_FOREIGN = "Not added by this portal, and the group is fully managed."


@dataclass(frozen=True, slots=True)
class _Target:
    """A group to look at: what is wanted, what is known, and why it is refused ("" if not)."""

    key: str
    rule: GroupRule | None
    desired: DesiredGroup | None
    shadow: GroupShadow | None
    nickname: str
    refusal: str = ""
    fresh: bool = False

    @property
    def name(self) -> str:
        """The name it has or gets."""
        known = self.shadow.name if self.shadow else ""
        if self.desired is None or (self.shadow is not None and self.shadow.adopted):
            return known
        return self.desired.name(known)


@dataclass(slots=True)
class _Additions:
    """Wanted members by what becomes of them; those without an account yet come last."""

    now: list[Member] = field(default_factory=list)
    coming: list[Member] = field(default_factory=list)
    waiting: list[Member] = field(default_factory=list)
    protected: list[Member] = field(default_factory=list)


def plan_groups(
    desired: Memberships,
    directory: GroupDirectory,
    people: People,
    *,
    namespace: str,
    pack: int = ADD_PACK,
) -> Iterator[GroupOperation]:
    """All operations in an order that succeeds. `namespace` names the source, for nicknames."""
    return _Planner(desired, directory, people, namespace, pack).operations()


class _Planner:
    def __init__(
        self,
        desired: Memberships,
        directory: GroupDirectory,
        people: People,
        namespace: str,
        pack: int,
    ) -> None:
        self._desired = desired
        self._directory = directory
        self._people = people
        self._namespace = namespace
        self._pack = pack
        self._keys = {each: key for key, each in people.accounts.items()}

    def operations(self) -> Iterator[GroupOperation]:
        for target in self._targets():
            yield from self._forward(target)
        leaving: list[_Target] = []
        for target in self._targets():
            if target.refusal or target.shadow is None:
                continue
            if self._goes(target):
                leaving.append(target)
            else:
                yield from self._removals(target)
        for target in leaving:
            yield self._deletion(target)

    def _targets(self) -> Iterator[_Target]:
        """Wanted groups in the order of the source, then ours that nobody wants any more."""
        for key, wanted in self._desired.groups.items():
            yield self._target(key, wanted)
        for key, shadow in self._directory.managed.items():
            if key not in self._desired.groups:
                rule = self._desired.compiled.rules.get(rule_name(key))
                refusal = _refusal(shadow, rule)
                yield _Target(key, rule, None, shadow, shadow.nickname, refusal)

    def _target(self, key: str, wanted: DesiredGroup) -> _Target:
        nickname = mail_nickname(key, self._namespace)
        shadow = self._directory.managed.get(key)
        if shadow is not None:
            refusal = _refusal(shadow, wanted.rule)
            return _Target(key, wanted.rule, wanted, shadow, shadow.nickname, refusal)
        adopted, refusal = self._existing(key, wanted.rule, nickname)
        if adopted is None:
            return _Target(key, wanted.rule, wanted, None, nickname, refusal)
        refusal = refusal or _refusal(adopted, wanted.rule)
        return _Target(key, wanted.rule, wanted, adopted, adopted.nickname, refusal, fresh=True)

    def _existing(self, key: str, rule: GroupRule, nickname: str) -> tuple[GroupShadow | None, str]:
        """The group that stands for a key we do not know yet, if there is one, and what is wrong.

        By the id that the rule names, or one that carries our nickname: its creation ended unknown.
        """
        wanted = rule.adopts(key)
        if wanted:
            found = self._directory.by_id.get(wanted)
            if found is None:
                return None, f"There is no group {wanted}. Read the groups or correct the id."
            if found.key:
                return None, f"The group {wanted} is managed already, as {found.key}."
            return replace(found, adopted=True), ""
        strangers = self._directory.strangers.get(nickname.casefold(), ())
        ours = recognised(nickname, strangers)
        if len(ours) > 1:
            return None, f"{len(ours)} groups carry the nickname {nickname}; none is picked."
        return (ours[0] if ours else None), ""

    def _forward(self, target: _Target) -> Iterator[GroupOperation]:
        """Adoption or creation, the change, additions, and what is left alone with its reason."""
        if target.refusal:
            yield _operation(GroupAct.LEAVE, target, reason=target.refusal)
            return
        if target.desired is None or target.rule is None:
            return
        found = self._additions(target.desired, target.shadow)
        adding = found.now + found.coming
        yield from _existence(target, target.rule, needed=bool(adding))
        for at in range(0, len(adding), self._pack):
            members = adding[at : at + self._pack]
            yield _operation(GroupAct.ADD, target, members, target.rule.reason())
        for left, reason in ((found.waiting, _WAITING), (found.protected, _PROTECTED)):
            if left:
                yield _operation(GroupAct.LEAVE, target, left, reason)

    def _additions(self, desired: DesiredGroup, shadow: GroupShadow | None) -> _Additions:
        people, held = self._people, self._desired.held
        present: Mapping[str, bool] = (shadow.members or {}) if shadow else {}
        found = _Additions()
        for key in desired.members:
            account = people.accounts.get(key)
            if key in held or (account and account in present):
                continue
            if not account:
                ahead = found.coming if key in people.coming else found.waiting
                ahead.append(Member(key))
            elif account in people.protected:
                found.protected.append(Member(key, account))
            else:
                found.now.append(Member(key, account))
        return found

    def _removals(self, target: _Target) -> Iterator[GroupOperation]:
        warning = _LICENCE if target.rule and target.rule.licensing else ""
        for member, reason, doubtful in self._superfluous(target):
            yield _operation(
                GroupAct.REMOVE, target, (member,), reason, warning=warning, withheld=doubtful
            )

    def _superfluous(self, target: _Target) -> Iterator[tuple[Member, str, bool]]:
        """Members to remove, each with the reason and whether that is in doubt."""
        if target.shadow is None or target.rule is None:
            return
        wanted = target.desired.members if target.desired else {}
        for account, ours in (target.shadow.members or {}).items():
            key = self._keys.get(account, "")
            if (key and key in wanted) or not (ours or target.rule.fully_managed):
                continue
            reason, doubtful = self._why_not(account, key, ours=ours)
            if reason:
                yield Member(key, account), reason, doubtful

    def _why_not(self, account: str, key: str, *, ours: bool) -> tuple[str, bool]:
        """Why somebody unwanted is removed ("": is not), and whether that waits for a yes."""
        absences = self._people.absences
        if account in self._people.protected or key in self._desired.held:
            return "", False
        if key in self._desired.seen:
            return _NO_RULE, False
        if absences is None or key in absences.held:
            return "", False
        if key and key in absences.outside:
            return _OUTSIDE, False
        if not key and not ours:
            return _FOREIGN, False
        if not absences.doubtful:
            return _GONE, False
        rows = "1 row" if absences.doubtful == 1 else f"{absences.doubtful} rows"
        return f"Not found in the source, but the key of {rows} could not be read.", True

    def _goes(self, target: _Target) -> bool:
        """Whether the group is deleted: by policy, created by us, and nobody is to stay in it."""
        shadow, rule = target.shadow, target.rule
        if rule is None or shadow is None or rule.emptied != "delete" or shadow.adopted:
            return False
        if target.desired is not None or self._people.absences is None:
            return False
        return sum(1 for _ in self._superfluous(target)) == len(shadow.members or {})

    def _deletion(self, target: _Target) -> GroupOperation:
        members = tuple(member for member, _, _ in self._superfluous(target))
        reason = "No value of the source leads to this group any more."
        if members:
            one = "1 member keeps it" if len(members) == 1 else f"{len(members)} members keep it"
            reason = f"{reason} Until it is deleted, {one}."
        warning = _LICENCE if members and target.rule and target.rule.licensing else ""
        return _operation(GroupAct.DELETE, target, members, reason, warning=warning, withheld=True)


_NAMED = "The rule names this group."
_OURS = "This group carries the nickname that its creation by this portal chose."
_WAITING = "No account yet; added when there is one."
_PROTECTED = "Protected by this tenant's list."


def _refusal(shadow: GroupShadow, rule: GroupRule | None) -> str:
    """Why a group is left alone, "" if it is not."""
    for trait in sorted(shadow.traits):
        return REFUSALS[trait]
    if rule is None:
        return "No rule of the profile accounts for this group any more; it is left as it is."
    if shadow.kind is not rule.kind:
        return (
            f"The group is of kind {shadow.kind}, the rule says {rule.kind}, and Entra never"
            " changes a group's kind. Correct the rule."
        )
    if shadow.members is None:
        return "The members of this group were never read. Reconcile it first."
    return ""


def _existence(target: _Target, rule: GroupRule, *, needed: bool) -> Iterator[GroupOperation]:
    """What makes the group be there under its name; a new one only if it is needed."""
    if target.shadow is None:
        if needed:
            yield _creation(target, rule)
        return
    if target.fresh:
        adoption = _NAMED if target.shadow.adopted else _OURS
        yield _operation(GroupAct.ADOPT, target, reason=adoption)
    yield from _changes(target, target.shadow, rule)


def _creation(target: _Target, rule: GroupRule) -> GroupOperation:
    after: dict[str, str | None] = {DISPLAY_NAME: target.name}
    if rule.description:
        after[DESCRIPTION] = rule.description
    return _operation(GroupAct.CREATE, target, reason=rule.reason(), after=after)


def _changes(target: _Target, shadow: GroupShadow, rule: GroupRule) -> Iterator[GroupOperation]:
    """One change for name and description; a rule without a description leaves it as it is."""
    if shadow.adopted:
        return
    known = {DISPLAY_NAME: shadow.name, DESCRIPTION: shadow.description}
    wanted = {DISPLAY_NAME: target.name, DESCRIPTION: rule.description or shadow.description}
    after: dict[str, str | None] = {
        path: text for path, text in wanted.items() if text != known[path]
    }
    if after:
        before = {path: known[path] or None for path in after}
        reason = "Its name or description changed in the rules or in the source."
        yield _operation(GroupAct.CHANGE, target, reason=reason, before=before, after=after)


def _operation(
    act: GroupAct,
    target: _Target,
    members: Iterable[Member] = (),
    reason: str = "",
    *,
    before: Mapping[str, str | None] | None = None,
    after: Mapping[str, str | None] | None = None,
    warning: str = "",
    withheld: bool = False,
) -> GroupOperation:
    shadow, rule = target.shadow, target.rule
    kind = shadow.kind if shadow else None
    return GroupOperation(
        act,
        target.key,
        target.name,
        target.nickname,
        group_id=shadow.id if shadow else "",
        kind=kind or (rule.kind if rule else GroupKind.SECURITY),
        members=tuple(members),
        before=before or {},
        after=after or {},
        reason=reason,
        warning=warning,
        withheld=withheld,
        licensing=bool(rule and rule.licensing),
        revision=shadow.revision if shadow else None,
    )
