"""Domains of a tenant: what is refused, what is only pointed out, and what a domain name is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.domains import Domain, KnownDomains, domain_of, domain_problem
from provisioning.domain.planner import ACTIVE, USER_NAME, Directory, Kind, Person, plan
from provisioning.domain.protection import Protection

ENTERED = KnownDomains.entered(
    [
        Domain("fabled.example"),
        Domain("new.example", verified=False),
        Domain("f.example", federated=True),
    ]
)
SEEN = KnownDomains.seen({"fabled.example": 12, "tenant.example": 1})


def planned(name, domains, *, account=None, active=True):
    directory = Directory({account.key: account} if account else {}, {}, domains=domains)
    person = Person("1", {USER_NAME: name, ACTIVE: active})
    mapped = frozenset({USER_NAME, ACTIVE})
    (change,) = plan([person], directory, mapped=mapped, protection=Protection([]), absences=None)
    return change


def test_with_entered_domains_another_one_is_refused_with_the_nearest() -> None:
    change = planned("ann@fabeld.example", ENTERED)
    assert (change.kind, change.calls) == (Kind.LEAVE, 0)
    assert "fabeld.example is none of this tenant's" in change.reason
    assert "Did you mean fabled.example?" in change.reason


def test_an_unverified_domain_is_refused() -> None:
    assert "not verified" in planned("ann@New.example", ENTERED).reason
    assert planned("ann@New.example", ENTERED).kind is Kind.LEAVE


def test_a_federated_domain_is_pointed_out() -> None:
    change = planned("ann@f.example", ENTERED)
    assert change.kind is Kind.CREATE
    assert "federated" in change.reason


def test_with_domains_only_seen_another_one_is_pointed_out() -> None:
    change = planned("ann@other.example", SEEN)
    assert change.kind is Kind.CREATE
    assert "Nobody in this tenant has a user name in the domain other.example" in change.reason
    assert planned("ann@FABLED.example", SEEN).reason == ""


def test_nothing_is_checked_where_nothing_is_known() -> None:
    assert planned("ann@other.example", KnownDomains()).reason == ""


@pytest.mark.parametrize("name", ["ann", "ann@", ""])
def test_a_user_name_without_a_domain(name: str) -> None:
    assert "no domain" in ENTERED.refusal(name)


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("fabled.example", True),
        ("a-b.c1.example", True),
        ("example", False),
        ("-a.example", False),
        ("a_b.example", False),
        ("a..example", False),
        ("é.example", False),
        ("@fabled.example", False),
        (f"{'a' * 64}.example", False),
        (".".join(["abcdefgh"] * 30), False),
    ],
)
def test_what_a_domain_name_is(text: str, fine: bool) -> None:
    assert (domain_problem(text) == "") is fine


@given(st.text(), st.text())
def test_the_domain_is_what_follows_the_last_at(local: str, rest: str) -> None:
    assert domain_of(f"{local}@{rest.replace('@', '')}") == rest.replace("@", "").strip().casefold()
