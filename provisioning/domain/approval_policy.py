"""Who has to say yes to a plan: nobody, one person or two; a pure function of figures and policy.

What needs an explicit yes of its own (disables in doubt, adoptions, deletes) is never part of an
automatic approval, whatever the limits say: it waits for a person, or is left to a later plan.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

_ALL = Decimal(100)


class Approvers(StrEnum):
    """How many people have to approve."""

    NOBODY = "nobody"
    ONE = "one"
    TWO = "two"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many, and at most so many per cent of the accounts managed; 100 is no limit."""

    number: int = 0
    percent: Decimal = Decimal(0)

    def exceeded(self, count: int, what: str, accounts: int) -> str:
        """Why `count` is too many, in words; "" when it is not."""
        told = f"{count:,} {what if count != 1 else what.removesuffix('s')}"
        if count > self.number:
            return f"{told}: at most {self.number:,} go without a person."
        if count == 0 or self.percent >= _ALL or count * _ALL <= self.percent * accounts:
            return ""
        if accounts == 0:
            return f"{told}: no account is managed here yet, so that any share is too large."
        share = f"{count * _ALL / accounts:.1f}".removesuffix(".0")
        least = f"{self.percent.normalize():f}"
        return (
            f"{told}: {share} % of the {accounts:,} accounts managed,"
            f" at most {least} % go without a person."
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant lets through without a person. The default lets nothing through.

    `cost` is an amount in `currency`, None for no limit; it covers what would be sent at once.
    `rest_automatic`: operations that need a yes of their own do not hold up the others. Two people
    have to approve more than `two_above` deletes, if that is a number.
    """

    automatic: bool = False
    creations: Limit = field(default_factory=Limit)
    changes: Limit = field(default_factory=Limit)
    disables: Limit = field(default_factory=Limit)
    deletes: Limit = field(default_factory=Limit)
    cost: Decimal | None = None
    currency: str = ""
    rest_automatic: bool = False
    two_above: int | None = None
    requester_barred: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain data for the audit trail."""
        return _plain(asdict(self))


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """A plan as the policy sees it: its kinds count everything planned, also what is withheld.

    `accounts` are those managed before the plan. `plain` operations can be sent at once and cost
    `cost` in `currency`; `withheld` ones need a yes of their own. `trial`: a pilot.
    """

    accounts: int
    creations: int = 0
    changes: int = 0
    disables: int = 0
    deletes: int = 0
    plain: int = 0
    withheld: int = 0
    cost: Decimal = Decimal(0)
    currency: str = ""
    trial: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain data for the audit trail."""
        return _plain(asdict(self))


@dataclass(frozen=True, slots=True)
class Decision:
    """Who has to approve, and why it is not nobody."""

    approvers: Approvers
    reasons: tuple[str, ...] = ()


def decide(figures: PlanFigures, policy: Policy) -> Decision:
    """Who has to approve a plan of these figures."""
    two = _two(figures.deletes, policy)
    reasons = (*_reasons(figures, policy), *([two] if two else []))
    if two:
        return Decision(Approvers.TWO, reasons)
    return Decision(Approvers.ONE if reasons else Approvers.NOBODY, reasons)


def needs_two(deletes: int, policy: Policy) -> bool:
    """Whether an approval that includes so many deletes takes two people."""
    return bool(_two(deletes, policy))


def _two(deletes: int, policy: Policy) -> str:
    if policy.two_above is None or deletes <= policy.two_above:
        return ""
    told = "1 delete" if deletes == 1 else f"{deletes:,} deletes"
    return f"{told}: more than {policy.two_above:,} take two people."


def _reasons(figures: PlanFigures, policy: Policy) -> Iterator[str]:
    if not policy.automatic:
        yield "Every plan of this tenant is approved by a person."
        return
    if figures.trial:
        yield "A pilot is there to be looked at."
    if figures.withheld and not (policy.rest_automatic and figures.plain):
        one = figures.withheld == 1
        told = "1 change needs" if one else f"{figures.withheld:,} changes need"
        yield f"{told} a yes of {'its' if one else 'their'} own."
    for name in ("creations", "changes", "disables", "deletes"):
        limit: Limit = getattr(policy, name)
        if why := limit.exceeded(getattr(figures, name), name, figures.accounts):
            yield why
    yield from _dear(figures, policy)


def _dear(figures: PlanFigures, policy: Policy) -> Iterator[str]:
    if policy.cost is None:
        return
    if figures.currency != policy.currency:
        yield (
            f"The limit is in {policy.currency or 'no currency'}, and the plan is priced in"
            f" {figures.currency or 'none'}."
        )
    elif figures.cost > policy.cost:
        yield (
            f"It costs {figures.currency} {_amount(figures.cost)}: at most"
            f" {policy.currency} {_amount(policy.cost)} go without a person."
        )


def _amount(value: Decimal) -> str:
    """Two decimals, or all of them when there are more."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    return f"{plain:,f}" if isinstance(exponent, int) and exponent < -2 else f"{plain:,.2f}"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _plain(value)
        if isinstance(value, dict)
        else f"{value.normalize():f}"
        if isinstance(value, Decimal)
        else value
        for name, value in values.items()
    }
