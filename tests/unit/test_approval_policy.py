"""Who has to approve a plan, case by case, and what holds whatever the figures are."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.approval_policy import (
    Approvers,
    Limit,
    PlanFigures,
    Policy,
    decide,
    needs_two,
)

NOBODY, ONE, TWO = Approvers.NOBODY, Approvers.ONE, Approvers.TWO
AUTO = Policy(
    automatic=True,
    creations=Limit(10, Decimal(5)),
    changes=Limit(50, Decimal(10)),
    disables=Limit(5, Decimal(2)),
    deletes=Limit(3, Decimal(100)),
    cost=Decimal("1.00"),
    currency="USD",
)
REST = replace(AUTO, rest_automatic=True)
PLAIN = PlanFigures(accounts=1000, changes=20, plain=20, cost=Decimal("0.04"), currency="USD")


def figures(**values: object) -> PlanFigures:
    return replace(PLAIN, **values)  # type: ignore[arg-type]


TABLE = [
    # The default: a person approves whatever it is.
    (Policy(), PLAIN, ONE, "Every plan of this tenant"),
    (Policy(), PlanFigures(0), ONE, "Every plan of this tenant"),
    (AUTO, PLAIN, NOBODY, ""),
    # At the limit is within it, by number and by share.
    (AUTO, figures(creations=10), NOBODY, ""),
    (AUTO, figures(creations=11), ONE, "11 creations: at most 10"),
    (AUTO, figures(changes=50), NOBODY, ""),
    (AUTO, figures(changes=51), ONE, "51 changes: at most 50"),
    (AUTO, figures(disables=5), NOBODY, ""),
    (AUTO, figures(disables=6), ONE, "6 disables: at most 5"),
    (AUTO, figures(accounts=200, creations=10), NOBODY, ""),
    (AUTO, figures(accounts=199, creations=10, changes=0), ONE, "5 % of the 199 accounts"),
    (AUTO, figures(accounts=50, disables=1, changes=0), NOBODY, ""),
    (AUTO, figures(accounts=49, disables=1, changes=0), ONE, "1 disable: 2 % of the 49"),
    # A first load is more than any share of nothing, unless the share is no limit.
    (AUTO, PlanFigures(0, creations=1, currency="USD"), ONE, "no account is managed here yet"),
    (
        replace(AUTO, creations=Limit(10, Decimal(100))),
        PlanFigures(0, creations=10, currency="USD"),
        NOBODY,
        "",
    ),
    # Money, and money of another currency.
    (AUTO, figures(cost=Decimal("1.00")), NOBODY, ""),
    (AUTO, figures(cost=Decimal("1.002")), ONE, "It costs USD 1.002: at most USD 1.00"),
    (AUTO, figures(currency="EUR"), ONE, "The limit is in USD, and the plan is priced in EUR"),
    (replace(AUTO, cost=None), figures(cost=Decimal(10**6), currency="EUR"), NOBODY, ""),
    # A pilot is looked at.
    (AUTO, figures(trial=True), ONE, "A pilot"),
    # What needs a yes of its own holds the plan up, or is left behind if there is anything else.
    (AUTO, figures(withheld=1), ONE, "1 change needs a yes of its own"),
    (AUTO, figures(withheld=4), ONE, "4 changes need a yes of their own"),
    (REST, figures(withheld=4), NOBODY, ""),
    (REST, figures(withheld=4, plain=0), ONE, "4 changes need a yes of their own"),
    (REST, figures(withheld=4, deletes=4), ONE, "4 deletes: at most 3"),
    # Two people for deletes above a limit, whatever else the policy lets through.
    (replace(REST, two_above=2), figures(withheld=2, deletes=2), NOBODY, ""),
    (replace(REST, two_above=2), figures(withheld=3, deletes=3), TWO, "3 deletes: more than 2"),
    (Policy(two_above=0), figures(deletes=1, withheld=1), TWO, "1 delete: more than 0"),
    (Policy(two_above=0), figures(), ONE, "Every plan"),
]


@pytest.mark.parametrize(("policy", "plan", "approvers", "why"), TABLE)
def test_who_has_to_approve(
    policy: Policy, plan: PlanFigures, approvers: Approvers, why: str
) -> None:
    decision = decide(plan, policy)
    assert decision.approvers is approvers
    assert why in " ".join(decision.reasons)
    assert bool(decision.reasons) == (approvers is not NOBODY)


def test_every_reason_is_told() -> None:
    plan = figures(creations=99, changes=99, disables=99, deletes=99, withheld=99, cost=Decimal(9))
    assert len(decide(plan, replace(AUTO, two_above=1)).reasons) == 7


@pytest.mark.parametrize(("deletes", "two"), [(0, False), (2, False), (3, True)])
def test_deletes_that_take_two(deletes: int, two: bool) -> None:
    assert needs_two(deletes, Policy(two_above=2)) is two
    assert not needs_two(deletes, Policy())


def test_both_are_plain_data_for_the_audit() -> None:
    assert AUTO.to_json()["creations"] == {"number": 10, "percent": "5"}
    assert AUTO.to_json()["cost"] == "1"
    assert PLAIN.to_json()["cost"] == "0.04"


counts = st.integers(0, 200)
plans = st.builds(
    PlanFigures,
    accounts=st.integers(0, 2000),
    creations=counts,
    changes=counts,
    disables=counts,
    deletes=counts,
    plain=counts,
    withheld=counts,
    cost=st.decimals(0, 10, places=3),
    currency=st.sampled_from(["USD", "EUR"]),
    trial=st.booleans(),
)
limits = st.builds(Limit, st.integers(0, 200), st.decimals(0, 100, places=2))
policies = st.builds(
    Policy,
    automatic=st.booleans(),
    creations=limits,
    changes=limits,
    disables=limits,
    deletes=limits,
    cost=st.none() | st.decimals(0, 10, places=2),
    currency=st.just("USD"),
    rest_automatic=st.booleans(),
    two_above=st.none() | st.integers(0, 100),
)
_ORDER = {NOBODY: 0, ONE: 1, TWO: 2}


@given(plans, policies, st.sampled_from(["creations", "changes", "disables", "deletes", "cost"]))
def test_more_of_anything_never_takes_fewer_people(
    plan: PlanFigures, policy: Policy, what: str
) -> None:
    more = replace(plan, **{what: getattr(plan, what) + 1})
    before, after = decide(plan, policy), decide(more, policy)
    assert _ORDER[before.approvers] <= _ORDER[after.approvers]


@given(plans, policies)
def test_nothing_goes_by_itself_that_the_limits_do_not_allow(
    plan: PlanFigures, policy: Policy
) -> None:
    if decide(plan, policy).approvers is not NOBODY:
        return
    assert policy.automatic
    assert not plan.trial
    assert not plan.withheld or (policy.rest_automatic and plan.plain)
    for name in ("creations", "changes", "disables", "deletes"):
        limit, count = getattr(policy, name), getattr(plan, name)
        assert count <= limit.number
        assert limit.percent == 100 or count * 100 <= limit.percent * plan.accounts
    assert policy.cost is None or (plan.cost <= policy.cost and plan.currency == "USD")
