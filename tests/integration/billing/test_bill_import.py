"""What people hand in as Azure's bill, and what the page answers when something is wrong."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from billing.models import BillFile, ReconciledMonth
from billing.services import bills
from tenants.domain.roles import Role
from tenants.models import Tenant, User
from tenants.services.onboarding import Billing, link_billing
from tests.support.azure_rows import short
from tests.support.rows import add_person, add_tenant, add_usage


@pytest.fixture(autouse=True)
def _on_the_last_of_april(db: None) -> Iterator[None]:
    with time_machine.travel(datetime(2026, 4, 30, 9, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def tenant() -> Tenant:
    """Linked to the resource group of the rows, with 1,201 calls on 3 April."""
    tenant = add_tenant("acme")
    link_billing(tenant=tenant, billing=Billing("s", "g"), by=None)
    add_usage(tenant, datetime(2026, 4, 3, 9, tzinfo=UTC), 201, 1201)
    return tenant


@pytest.fixture
def finance(client: Client) -> User:
    person = add_person(Role.FINANCE, None)
    client.force_login(person)
    return person


def hand_in(client: Client, content: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("april.csv", content, "text/csv")
    return client.post(reverse("bill_list"), {"file": file, **fields})


def refused(answer: Any) -> dict[str, list[str]]:
    """What the form says, by field; nothing may have been kept."""
    assert answer.status_code == 200, answer.headers
    assert not BillFile.objects.exists()
    return {field: list(errors) for field, errors in answer.context["form"].errors.items()}


ROW = ("2026-04-03", "1201", "2.402")


@pytest.mark.parametrize(
    ("first", "last", "field", "words"),
    [
        ("", "3026-11-30", "last_day", "The end is after today (UTC)."),
        ("", "2026-05-01", "last_day", "The end is after today (UTC)."),
        ("0001-01-01", "9999-12-31", "last_day", "The end is after today (UTC)."),
        ("2026-04-09", "2026-04-03", "last_day", "The end is before the beginning."),
        ("2025-03-30", "2026-04-30", "last_day", "more than 13 months"),
        ("0001-01-01", "", "first_day", "more than 13 months"),
        ("2026-04-09", "", "file", "must include them"),
    ],
)
def test_days_that_no_export_covers_are_refused_at_their_field(
    client: Client, finance: User, first: str, last: str, field: str, words: str
) -> None:
    answer = hand_in(client, short(ROW), first_day=first, last_day=last)
    assert words in refused(answer)[field][0]


def test_thirteen_months_until_today_may_be_said(client: Client, finance: User) -> None:
    fields = {"first_day": "2025-03-31", "last_day": "2026-04-30"}
    assert hand_in(client, short(ROW), **fields).status_code == 302
    assert BillFile.objects.get().first_day == date(2025, 3, 31)


def test_months_without_usage_and_imported_days_are_not_judged(
    client: Client, finance: User, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []
    monkeypatch.setattr(bills, "comparisons", lambda _, month: judged.append(str(month)) or [])
    add_usage(tenant, datetime(2025, 8, 3, 9, tzinfo=UTC), 201, 5)
    hand_in(client, short(ROW), first_day="2025-06-01", last_day="2026-04-30")
    assert judged == ["2025-08", "2026-04"]


def test_a_verdict_goes_with_the_file_that_it_was_made_of(
    client: Client, finance: User, tenant: Tenant
) -> None:
    hand_in(client, short(ROW))
    assert ReconciledMonth.objects.get().month == date(2026, 4, 1)
    bills.remove_bill(file=BillFile.objects.get(), by=finance)
    assert not ReconciledMonth.objects.exists()


@pytest.mark.parametrize("far", ["0001-01-01", "1999-12-31", "2026-05-03", "9999-12-31"])
def test_days_that_no_bill_speaks_of_are_left_out(client: Client, finance: User, far: str) -> None:
    assert hand_in(client, short(ROW, (far, "1", "0.002"))).status_code == 302
    file = BillFile.objects.get()
    assert (file.first_day, file.last_day) == (date(2026, 4, 3), date(2026, 4, 3))
    (out,) = file.left_out
    assert out["lines"] == [3]
    assert client.get(reverse("bill_detail", args=[file.pk])).status_code == 200
