"""Statements: today's figures while open, for ever the same once closed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction

from billing import selectors
from billing.domain.periods import Month
from billing.models import Call, CustomerTerms, ExchangeRate, PriceBookEntry, Statement
from billing.services import add_rate, set_terms
from billing.services.statements import (
    AlreadyClosed,
    CannotClose,
    add_correction,
    close_statement,
    open_ended_months,
    open_statement,
    remove_correction,
)
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Tenant, User
from tests.support.rows import add_person, add_tenant, add_usage

MAY = Month(2026, 5)
NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
JUNE = datetime(2026, 6, 2, tzinfo=UTC)


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant = add_tenant("stated")
    add_usage(tenant, NOON, 201, 1200)
    add_usage(tenant, NOON, 404, 10, "lookup")
    add_usage(tenant, NOON, 429, 5)
    add_usage(tenant, NOON, 0, 2)
    return tenant


@pytest.fixture
def finance(db: None) -> User:
    return add_person(Role.FINANCE, None)


@pytest.fixture
def statement(tenant: Tenant) -> Statement:
    return open_statement(customer=tenant.customer, month=MAY, by=None)


@pytest.fixture
def closed(statement: Statement, finance: User) -> Statement:
    return close_statement(statement=statement, by=finance)


def test_a_month_is_opened_once(tenant: Tenant, statement: Statement) -> None:
    assert open_statement(customer=tenant.customer, month=MAY, by=None) == statement
    assert AuditEvent.objects.filter(action="statement.opened").count() == 1


def test_the_last_month_is_opened_for_whoever_had_calls(tenant: Tenant) -> None:
    add_tenant("idle")
    assert open_ended_months(JUNE) == 1
    assert open_ended_months(JUNE) == 0
    assert Statement.objects.get().customer == tenant.customer


def test_closing_freezes_lines_by_tenant_and_purpose(
    tenant: Tenant, closed: Statement, finance: User
) -> None:
    rows = closed.lines.values_list("purpose", "calls", "billable", "uncertain", "amount")
    assert list(rows) == [
        ("create", 1207, 1200, 2, Decimal("2.4")),
        ("lookup", 10, 10, 0, Decimal("0.02")),
    ]
    assert (closed.number, closed.currency, closed.total) == ("2026-00001", "USD", Decimal("2.42"))
    assert (closed.cost, closed.closed_by) == (Decimal("2.42"), finance)
    event = AuditEvent.objects.get(action="statement.closed")
    assert event.actor == finance
    month = selectors.costs_of([tenant], MAY)[0].cost
    assert sum(line.amount for line in closed.lines.all()) == month.amounts["USD"]


def test_numbers_have_no_gap(closed: Statement, finance: User) -> None:
    for slug in ("second", "third"):
        other = add_tenant(slug)
        one = open_statement(customer=other.customer, month=MAY, by=None)
        with transaction.atomic():
            close_statement(statement=one, by=finance)
            transaction.set_rollback(slug == "second")
    numbers = Statement.objects.exclude(number=None).values_list("number", flat=True)
    assert sorted(filter(None, numbers)) == ["2026-00001", "2026-00002"]


def test_what_has_not_ended_cannot_be_closed(statement: Statement, finance: User) -> None:
    last = MAY.end - timedelta(microseconds=1)
    with time_machine.travel(last, tick=False), pytest.raises(CannotClose, match="not ended"):
        close_statement(statement=statement, by=finance)
    assert not statement.lines.exists()


def test_a_call_on_its_way_keeps_the_month_open(
    tenant: Tenant, statement: Statement, finance: User
) -> None:
    Call.objects.create(
        customer=tenant.customer,
        tenant=tenant,
        job="job:1",
        purpose="create",
        method="POST",
        resource="/users",
        started_at=NOON,
    )
    with pytest.raises(CannotClose, match="on their way"):
        close_statement(statement=statement, by=finance)


def test_a_closed_statement_is_closed_for_ever(closed: Statement, finance: User) -> None:
    with pytest.raises(AlreadyClosed):
        close_statement(statement=closed, by=finance)


BLOWS = {
    "its total": lambda s: Statement.objects.filter(pk=s.pk).update(total=1),
    "its number": lambda s: Statement.objects.filter(pk=s.pk).update(number="2026-9"),
    "opening it again": lambda s: Statement.objects.filter(pk=s.pk).update(
        closed_at=None, number=None, total=None
    ),
    "a line": lambda s: s.lines.update(amount=1),
    "a line less": lambda s: s.lines.all()._raw_delete("default"),
    "a line more": lambda s: s.lines.create(
        customer=s.customer, tenant=s.customer.tenants.get(), currency="USD", amount=1
    ),
    "all of it": lambda s: Statement.objects.filter(pk=s.pk)._raw_delete("default"),
}


@pytest.mark.parametrize("what", BLOWS)
def test_the_database_refuses_to_change_what_was_closed(closed: Statement, what: str) -> None:
    before = [list(closed.lines.values()), Statement.objects.filter(pk=closed.pk).values().get()]
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        BLOWS[what](closed)
    after = [list(closed.lines.values()), Statement.objects.filter(pk=closed.pk).values().get()]
    assert before == after


def test_a_new_price_changes_open_months_and_no_closed_one(
    tenant: Tenant, closed: Statement
) -> None:
    PriceBookEntry.objects.update(unit_price=Decimal("0.003"))
    assert Statement.objects.get().total == Decimal("2.42")
    create, lookup = selectors.changes_since(closed)
    assert (create.closed.amount, create.now.amount) == (Decimal("2.4"), Decimal("3.6"))
    assert (lookup.closed.amount, lookup.now.amount) == (Decimal("0.02"), Decimal("0.03"))


def test_late_answers_are_seen_and_corrected_on_a_later_statement(
    tenant: Tenant, closed: Statement, finance: User
) -> None:
    assert selectors.changes_since(closed) == []
    add_usage(tenant, NOON, 204, 3, "disable")
    (change,) = selectors.changes_since(closed)
    assert (change.closed.billable, change.now.billable) == (0, 3)
    with time_machine.travel(JUNE, tick=False):
        line = add_correction(
            corrects=closed, currency="USD", amount=Decimal("0.006"), note="Late", by=finance
        )
    assert line.statement.month == date(2026, 6, 1)
    charge, _ = selectors.statement_charge(line.statement, [])
    assert (charge.corrections, charge.total) == (Decimal("0.006"), Decimal("0.01"))
    later = close_statement(statement=line.statement, by=finance)
    assert (later.corrections, later.total) == (Decimal("0.006"), Decimal("0.01"))
    with pytest.raises(AlreadyClosed):
        remove_correction(line=line, by=finance)


def test_a_correction_may_be_taken_back_while_its_statement_is_open(
    closed: Statement, finance: User
) -> None:
    line = add_correction(
        corrects=closed, currency="USD", amount=Decimal("-1"), note="Goodwill", by=finance
    )
    remove_correction(line=line, by=finance)
    assert not line.statement.lines.exists()
    actions = AuditEvent.objects.filter(action__startswith="statement.correct")
    assert actions.count() == 2


def test_an_open_statement_needs_no_correction(statement: Statement, finance: User) -> None:
    with pytest.raises(CannotClose, match="needs no correction"):
        add_correction(corrects=statement, currency="USD", amount=Decimal(1), note="x", by=finance)


def test_terms_hold_from_their_month_on(tenant: Tenant, finance: User) -> None:
    for month, percent in ((3, "10"), (5, "25"), (6, "99")):
        set_terms(
            CustomerTerms(
                customer=tenant.customer,
                effective_from=date(2026, month, 17),
                markup_percent=Decimal(percent),
                fixed_fee=Decimal("4"),
            ),
            by=finance,
        )
    one = open_statement(customer=tenant.customer, month=MAY, by=None)
    found = close_statement(statement=one, by=finance)
    assert (found.markup_percent, found.markup) == (25, Decimal("0.605"))
    assert (found.fee, found.total) == (4, Decimal("7.03"))  # 2.42 + 0.605 + 4 = 7.025, half-up


def test_a_charge_in_another_currency_needs_a_rate(tenant: Tenant, finance: User) -> None:
    terms = CustomerTerms(customer=tenant.customer, effective_from=date(2026, 1, 1), currency="EUR")
    set_terms(terms, by=finance)
    one = open_statement(customer=tenant.customer, month=MAY, by=None)
    with pytest.raises(CannotClose, match="one USD is in EUR"):
        close_statement(statement=one, by=finance)
    rate = ExchangeRate(base="USD", quote="EUR", day=date(2026, 5, 3), rate=Decimal("0.9"))
    add_rate(rate, by=finance)
    found = close_statement(statement=one, by=finance)
    assert (found.currency, found.total, found.rates) == (
        "EUR",
        Decimal("2.18"),
        {"USD": "0.900000000"},
    )


def test_statements_are_seen_by_who_may_see_the_costs(closed: Statement) -> None:
    other = add_tenant("other")
    for role, customer, seen in (
        (Role.FINANCE, None, 1),
        (Role.FINANCE, closed.customer, 1),
        (Role.FINANCE, other.customer, 0),
        (Role.VIEWER, closed.customer, 0),
    ):
        person = add_person(role, customer)
        assert selectors.statements_for(person).count() == seen
