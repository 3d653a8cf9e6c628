"""Who gets which unique value in one plan: user names and mail nicknames; pure.

A value that an account gives up in the same plan is free for another person once that change is
made. Whoever wants such a value is set aside until the last person was read: only then it is known
who gives up what. A chain is ordered (`Change.after_keys`). In a circle one account first gets a
temporary value, which takes one call more: n + 1 for a circle of n.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioning.domain.attributes import CATALOGUE, MAIL_NICKNAME, USER_NAME
from provisioning.domain.plan_values import CALLS, Account, Change, Directory, Kind
from provisioning.domain.protection import Protection

__all__ = ["Names", "exhausted", "left_alone", "taken_by", "without"]

ON_PREMISES = "This account is synchronised from an on-premises directory; it is never written."
_NOT_OURS = "it was not created by this portal and is not touched."
# A creation has nothing to give up, a deleted account keeps its name for 30 days, and what waits
# for a yes of its own may never be sent.
_GIVERS = frozenset({Kind.UPDATE, Kind.ENABLE, Kind.DISABLE})
_LONGEST_LOCAL = 50


@dataclass(slots=True)
class _Aside:
    """Somebody who wants values of other accounts of ours, and what becomes of them without."""

    change: Change
    otherwise: Change
    holders: Mapping[str, Account]
    before: list[str] = field(default_factory=list)
    """Keys of those set aside that have to give something up first."""
    done: list[str] = field(default_factory=list)
    """Keys of changes that were decided before and give something up."""


class Names:
    """What people of one plan get: accounts by pk and unique values by path.

    User names under `protection` are nobody's to get.
    """

    def __init__(self, directory: Directory, protection: Protection) -> None:
        self._directory = directory
        self._protection = protection
        self._values: dict[str, dict[str, str]] = {
            path: {} for path in (USER_NAME, *directory.taken)
        }
        self._watched: tuple[str, ...] = (USER_NAME, MAIL_NICKNAME)
        if directory.nicknames is None:
            self._watched = (USER_NAME,)
        else:
            self._values.setdefault(MAIL_NICKNAME, {})
        self._adopted: dict[int, str] = {}
        self._given: dict[str, dict[str, str]] = {path: {} for path in self._watched}
        self._asides: dict[str, _Aside] = {}
        self.needed: set[str] = set()
        """Keys of those who give up what others wait for; complete after `decided`."""

    def free(self, path: str, candidates: Sequence[str]) -> list[str]:
        """Values of a unique path that neither an account nor an earlier person has."""
        return [
            each
            for each in dict.fromkeys(candidates)
            if not (self._directory.takes(path, each) or self._takes(path, each))
        ]

    def once(self, change: Change) -> Change:
        """Leave alone whoever matches an account that an earlier person of this plan matches."""
        if change.kind not in (Kind.ADOPT, Kind.TRANSFER) or change.account is None:
            return change
        first = self._adopted.setdefault(change.account.pk, change.key)
        if first == change.key:
            return change
        return left_alone(change, f"The same account matches the person with key {first}.")

    def distinct(self, change: Change) -> Change:
        """Leave alone whoever would get a value that an earlier person of this plan gets."""
        if change.kind not in CALLS:
            return change
        for path, first in self._take(change).items():
            reason = f"The same {_label(path)} is mapped for the person with key {first}."
            change = without(change, path, reason)
        return change

    def settle(self, change: Change) -> tuple[Change, ...]:
        """The change as far as its values are free; nothing when that is known only at the end."""
        holders = self._holders(change)
        otherwise = change
        for path, holder in holders.items():
            otherwise = _refused(otherwise, path, holder)
        waits = holders and change.kind is not Kind.DISABLE
        if waits and all(holder.key for holder in holders.values()):
            self._asides[change.key] = _Aside(change, otherwise, holders)
            return ()
        self._note_given(otherwise)
        return (otherwise,)

    def decided(self) -> Iterator[Change]:
        """Those set aside, in an order in which they can be sent; after the last person."""
        dropped = self._drop_hopeless()
        for key in dropped:
            yield self._asides.pop(key).otherwise
        yield from self._ordered()

    def _takes(self, path: str, value: str) -> bool:
        """Whether an earlier person gets this value, or nobody may."""
        if path == USER_NAME and self._protection.covers("", value):
            return True
        return value.casefold() in self._values[path]

    def _take(self, change: Change) -> dict[str, str]:
        """Note the values of a change; gives who gets them instead, by watched path."""
        lost: dict[str, str] = {}
        for path, taken in self._values.items():
            value = change.after.get(path)
            if isinstance(value, str):
                first = taken.setdefault(value.casefold(), change.key)
                if first != change.key and path in self._watched:
                    lost[path] = first
        return lost

    def _holders(self, change: Change) -> dict[str, Account]:
        """Other accounts that have what a change writes, by path."""
        found: dict[str, Account] = {}
        for path in self._watched if change.kind in CALLS else ():
            value = change.after.get(path)
            holder = self._directory.holder(path, value) if isinstance(value, str) else None
            own = change.account.pk if change.account else None
            if holder is not None and holder.pk != own:
                found[path] = holder
        return found

    def _note_given(self, change: Change) -> None:
        for path in self._watched:
            value = given_up(change, path)
            if value:
                self._given[path][value] = change.key

    def _drop_hopeless(self) -> list[str]:
        """Keys of those whose value is not given up by anybody, those that wait for them included.

        The others know afterwards whom they wait for.
        """
        owners = {
            aside.change.account.pk: key
            for key, aside in self._asides.items()
            if aside.change.account is not None
        }
        waiting: dict[str, list[str]] = {}
        hopeless: deque[str] = deque()
        for key, aside in self._asides.items():
            if not self._find_givers(aside, owners):
                hopeless.append(key)
            for giver in aside.before:
                waiting.setdefault(giver, []).append(key)
        dropped: dict[str, None] = {}
        while hopeless:
            key = hopeless.popleft()
            if key not in dropped:
                dropped[key] = None
                hopeless += waiting.get(key, ())
        return list(dropped)

    def _find_givers(self, aside: _Aside, owners: Mapping[int, str]) -> bool:
        """Note whom it waits for; False when somebody keeps what it wants."""
        for path, holder in aside.holders.items():
            value = str(aside.change.after[path]).casefold()
            key = self._given[path].get(value)
            if key is not None:
                aside.done.append(key)
                continue
            owner = owners.get(holder.pk)
            if owner is None or given_up(self._asides[owner].change, path) != value:
                return False
            aside.before.append(owner)
        return True

    def _ordered(self) -> Iterator[Change]:
        """Whoever waits for nobody that is left; where there is only a circle, open it."""
        left = {key: {*aside.before} for key, aside in self._asides.items()}
        waiting: dict[str, list[str]] = {}
        for key, givers in left.items():
            for giver in givers:
                waiting.setdefault(giver, []).append(key)
        ready = deque(key for key, givers in left.items() if not givers)
        opened: set[str] = set()
        circles: dict[str, str] = {}
        for aside in self._asides.values():
            self.needed.update(aside.done, aside.before)
        while left:
            if not ready:
                circle = _circle(left)
                opener = circle[0]
                opened.add(opener)
                circles |= dict.fromkeys(circle, opener)
                ready += _release(opener, left, waiting)
                continue
            key = ready.popleft()
            del left[key]
            ready += _release(key, left, waiting)
            change = self._final(key, circles.get(key, ""))
            if key in opened:
                temporary, followers = self._temporary(change), tuple(waiting[key])
                change = replace(change, temporary=temporary, followers=followers)
            yield change

    def _final(self, key: str, circle: str) -> Change:
        aside = self._asides[key]
        after = tuple(dict.fromkeys([*aside.done, *aside.before]))
        return replace(aside.change, after_keys=after, circle=circle)

    def _temporary(self, change: Change) -> dict[str, str]:
        """Values in place of those that a change gives up, which nobody has or gets."""
        found: dict[str, str] = {}
        for path in self._watched:
            if given_up(change, path):
                found[path] = self._unused(path, _held(change, path))
                self._values[path][found[path].casefold()] = change.key
        return found

    def _unused(self, path: str, value: str) -> str:
        local, at, domain = value.partition("@")
        number = 1
        while True:
            word = f"{local[:_LONGEST_LOCAL]}.moving{number if number > 1 else ''}{at}{domain}"
            taken = self._directory.holder(path, word) is not None
            if not taken and word.casefold() not in self._values[path]:
                return word
            number += 1


def given_up(change: Change, path: str) -> str:
    """The folded value of a unique path that an account surely no longer has after a change."""
    if change.kind not in _GIVERS or change.withheld or change.account is None:
        return ""
    value = change.after.get(path)
    old = _held(change, path).casefold()
    return old if isinstance(value, str) and value.casefold() != old else ""


def exhausted(path: str, candidates: Sequence[str]) -> str:
    """Why a person whose every value is taken gets no account."""
    attribute = CATALOGUE.get(path)
    label = attribute.label if attribute else path
    # The values themselves may be redacted, and nothing of this operation would tell which.
    tried = f"{len(candidates)} tried"
    return f"{label}: every value the profile proposes is taken ({tried}). Add another rule to it."


def taken_by(holder: Account) -> str:
    """Why a user name that an account has is not given to a new one."""
    if holder.key:
        return "The user name belongs to the account of another person of this source."
    if holder.on_premises:
        return ON_PREMISES
    return f"This account exists already; {_NOT_OURS}"


def without(change: Change, path: str, reason: str) -> Change:
    """What is left of a change whose value of a path is taken: a disable without it, or nothing."""
    if change.kind is not Kind.DISABLE:
        return left_alone(change, reason)
    # A name that clashes must not keep the account of someone who has left open.
    before = {each: value for each, value in change.before.items() if each != path}
    after = {each: value for each, value in change.after.items() if each != path}
    return replace(change, before=before, after=after, reason=reason, digest="")


def left_alone(change: Change, reason: str) -> Change:
    """The change as an account that is left alone for a reason."""
    return replace(
        change,
        kind=Kind.LEAVE,
        before={},
        after={},
        choices={},
        manager="",
        reason=reason,
        withheld=False,
    )


def _refused(change: Change, path: str, holder: Account) -> Change:
    """What is left of a change whose value another account has and keeps."""
    if change.kind is Kind.LEAVE:
        return change
    if change.kind is Kind.CREATE:
        reason = taken_by(holder) if path == USER_NAME else _taken_word(path, holder)
        return replace(left_alone(change, reason), account=holder)
    return without(change, path, _taken_word(path, holder))


def _taken_word(path: str, holder: Account) -> str:
    return f"The new {_label(path)} is taken by another account ({holder.user_name})."


def _label(path: str) -> str:
    return "user name" if path == USER_NAME else "mail nickname"


def _held(change: Change, path: str) -> str:
    """What the account has now."""
    if change.account is None:
        return ""
    if path == USER_NAME:
        return change.account.user_name
    return str(change.account.state.get(path) or "")


def _release(key: str, left: Mapping[str, set[str]], waiting: Mapping[str, list[str]]) -> list[str]:
    """Who has to wait for nobody any more, now that this one gives up what it has."""
    free: list[str] = []
    for other in waiting.get(key, ()):
        givers = left.get(other)
        if givers is not None and key in givers:
            givers.discard(key)
            if not givers:
                free.append(other)
    return free


def _circle(left: Mapping[str, set[str]]) -> list[str]:
    """Keys of a circle among people who all wait for one another, its opener first."""
    key = next(iter(left))
    path: dict[str, None] = {}
    while key not in path:
        path[key] = None
        key = min(left[key])
    found = list(path)
    return found[found.index(key) :]
