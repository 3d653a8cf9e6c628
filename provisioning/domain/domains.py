"""The domains of a tenant, and user names that are in none of them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from provisioning.domain.expressions import nearest

__all__ = ["UNSEEN", "Domain", "KnownDomains", "domain_of", "domain_problem"]

_SHOWN = 5
UNSEEN = "Nobody in this tenant has a user name in the domain"
"""How the warning of a domain that was not seen begins."""


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain; `users` are members (no guests) whose user name is in it."""

    name: str
    verified: bool = True
    federated: bool = False
    default: bool = False
    users: int = 0


@dataclass(frozen=True, slots=True)
class KnownDomains:
    """What is known of a tenant's domains, by folded name; nothing is checked where none are.

    Those that a person entered (`by_hand`) are all there are. Those seen in user names may not be:
    a domain can be verified and have nobody yet.
    """

    domains: Mapping[str, Domain] = field(default_factory=dict)
    by_hand: bool = False

    @classmethod
    def seen(cls, counts: Mapping[str, int]) -> KnownDomains:
        """Domains by how many members' user names are in each."""
        return cls({name.casefold(): Domain(name, users=users) for name, users in counts.items()})

    @classmethod
    def entered(cls, domains: Iterable[Domain]) -> KnownDomains:
        """Domains as a person entered them."""
        return cls({each.name.casefold(): each for each in domains}, by_hand=True)

    def refusal(self, user_name: str) -> str:
        """Why Entra would refuse this user name, and what to do; "" where nobody can say."""
        if not self.by_hand or not self.domains:
            return ""
        name = domain_of(user_name)
        if not name:
            return "The user name has no domain. Correct the mapping."
        known = self.domains.get(name)
        if known is None:
            told = f"The domain {name} is none of this tenant's ({self._listed()})."
            return f"{told}{self._meant(name)} Correct the mapping, or add the domain."
        if not known.verified:
            told = f"The domain {name} is not verified in this tenant."
            return f"{told} Verify it in Entra and note it here, or map another one."
        return ""

    def warning(self, user_name: str) -> str:
        """What to look at before this user name is written; "" when nothing is."""
        name = domain_of(user_name)
        if not self.domains:
            return ""
        known = self.domains.get(name)
        if known is None:
            told = f"{UNSEEN} {name or '(none)'} yet"
            return f"{told} (seen: {self._listed()}).{self._meant(name)}"
        if known.federated:
            told = f"The domain {name} is federated: sign-in is its identity provider's matter"
            return f"{told}, the first password is of no use there."
        return ""

    def _listed(self) -> str:
        order = sorted(self.domains.values(), key=lambda each: (-each.users, each.name))
        names = ", ".join(each.name for each in order[:_SHOWN])
        more = len(order) - _SHOWN
        return f"{names} and {more} more" if more > 0 else names

    def _meant(self, name: str) -> str:
        near = nearest(name, list(self.domains)) if name else None
        return f" Did you mean {near}?" if near else ""


def domain_of(user_name: str) -> str:
    """The folded part after the last @; "" without one."""
    _, at, name = user_name.rpartition("@")
    return name.strip().casefold() if at else ""


def domain_problem(text: str) -> str:
    """Why a text is no domain name; "" when it is one (letters, digits and -, with a dot)."""
    labels = text.split(".")
    fine = len(labels) > 1 and len(text) <= 253 and all(map(_is_label, labels))
    return "" if fine else f"{text!r} is no domain name, such as fabled.example."


def _is_label(label: str) -> bool:
    whole = label.replace("-", "")
    return (
        0 < len(label) <= 63
        and whole.isalnum()
        and whole.isascii()
        and not label.startswith("-")
        and not label.endswith("-")
    )
