"""Azure's bill: imported, matched to tenants, held against the meter, and told apart from us."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.domain.azure_costs import ChargeKind
from billing.domain.azure_survey import Hints
from billing.domain.periods import Month
from billing.domain.reconciliation import Cause
from billing.models import BillDay, BillFile, ExchangeRate, ForeignDay, ReconciledMonth
from billing.selectors.bills import Comparison, comparisons, standing_of
from billing.services.bills import (
    ImportRefused,
    import_bill,
    match_bills,
    remove_bill,
    watch_bills,
)
from billing.services.prices import add_rate
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Message, Readiness, Tenant, User
from tenants.services.onboarding import Billing, link_billing
from tests.support import azure_exports
from tests.support.api import Asker, make_token
from tests.support.azure_exports import PRICE, TRAPS, a_month, export
from tests.support.rows import add_person, add_tenant, add_usage, add_webhook

APRIL = Month(2026, 4)
LATER = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_june(db: None) -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def month() -> azure_exports.Month:
    return a_month(7)


@pytest.fixture
def tenants(month: azure_exports.Month) -> list[Tenant]:
    """One for each resource of the month, with the very calls that are billed."""
    found = []
    for number, (directory, resource) in enumerate(month.resources.items()):
        tenant = add_tenant(f"t{number}")
        link(tenant, resource)
        for (day, whose), calls in month.calls.items():
            if whose == directory:
                add_usage(tenant, datetime(day.year, day.month, day.day, 9, tzinfo=UTC), 201, calls)
        found.append(tenant)
    return found


@pytest.fixture
def finance() -> User:
    return add_person(Role.FINANCE, None)


def link(tenant: Tenant, resource: str) -> None:
    _, _, subscription, _, group, *_ = resource.split("/")
    link_billing(tenant=tenant, billing=Billing(subscription, group), by=None)


def bring_in(content: bytes, by: User, **more: Any) -> BillFile:
    facts = {"name": "april.csv", "hints": Hints()} | more
    return import_bill(source=io.BytesIO(content), by=by, **facts)


def shares(found: list[Comparison]) -> dict[Cause, Decimal]:
    return {
        cause: share.calls
        for each in found
        for finding in each.findings
        for cause, share in finding.shares.items()
    }


def hand_in(client: Client, content: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("april.csv", content, "text/csv")
    return client.post(reverse("bill_list"), {"file": file, **fields})


def page(client: Client, name: str, query: Any = None, **kwargs: Any) -> str:
    response = client.get(reverse(name, kwargs=kwargs), query or {"month": "2026-04"})
    assert response.status_code == 200
    return response.getvalue().decode()


def test_a_file_with_twelve_traps_reconciles_to_nothing(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    client.force_login(finance)
    answer = hand_in(client, export(month, TRAPS, seed=7))
    assert answer.status_code == 302, answer.content.decode()
    found = comparisons(tenants, APRIL)
    assert len(found) == 3
    for each in found:
        assert each.findings
        assert not each.problem
        for finding in each.findings:
            assert finding.difference.calls == 0
            assert abs(finding.difference.amount) == 0
    assert shares(found) == {}
    text = page(client, "reconciliation")
    assert text.count("settled") >= 3
    assert "No difference" in text
    assert BillDay.objects.exclude(kind=ChargeKind.USAGE).exists()
    file = BillFile.objects.get()
    told = page(client, "bill_detail", pk=file.pk)
    assert "other service" in told
    assert "Purchase" in told
    assert standing_of(tenants, APRIL, timezone.now()).state == "reconciled"


def test_the_api_says_of_each_customer_what_its_figures_are_held_against(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    client.force_login(finance)
    # Azure knows nothing of these.
    add_usage(tenants[0], datetime(2026, 4, 10, 9, tzinfo=UTC), 201, 50, "update")
    hand_in(client, export(month))
    quiet = add_tenant("quiet")
    _, token = make_token(finance)
    said = {row["customer"]: row["basis"] for row in Asker(token).all("costs?month=2026-04")}
    expected = dict.fromkeys((each.customer.slug for each in tenants), "reconciled")
    expected |= {tenants[0].customer.slug: "differs", quiet.customer.slug: "estimate"}
    assert said == expected


def test_a_second_import_says_when_and_by_whom(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    bring_in(export(month), finance)
    client.force_login(finance)
    text = hand_in(client, export(month)).content.decode()
    assert "imported on 1 Jun 2026 at 09:00 UTC by" in text
    assert str(finance) in text
    assert BillFile.objects.count() == 1


def test_the_newest_file_counts_and_removing_it_brings_the_older_back(
    month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    wrong = azure_exports.Month(month.first, dict(month.calls), month.resources)
    key = next(iter(wrong.calls))
    wrong.calls[key] += 5
    bring_in(export(wrong), finance)
    assert shares(comparisons(tenants, APRIL)) == {Cause.FOREIGN: 5}
    assert standing_of(tenants, APRIL, timezone.now()).state == "differs"
    newer = bring_in(export(month), finance)
    assert BillDay.objects.count() == 2 * len(month.calls)
    assert shares(comparisons(tenants, APRIL)) == {}
    assert standing_of(tenants, APRIL, timezone.now()).state == "reconciled"
    assert ForeignDay.objects.get().calls == 0
    remove_bill(file=newer, by=finance)
    assert shares(comparisons(tenants, APRIL)) == {Cause.FOREIGN: 5}
    assert ForeignDay.objects.get().calls == 5
    assert {"bill.imported", "bill.removed"} <= set(
        AuditEvent.objects.values_list("action", flat=True)
    )
    bring_in(export(month), finance)  # what was removed can come again


def test_calls_that_are_not_from_us_are_told_once(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    hook = add_webhook(None)
    hook.events = ["bill.foreign"]
    hook.save()
    Message.objects.all().delete()
    for key in sorted(month.calls)[:2]:
        month.calls[key] += 7
    whose = {key[1] for key in sorted(month.calls)[:2]}
    bring_in(export(month), finance)
    assert Message.objects.count() == len(whose)
    assert sum(m.payload["facts"]["calls"] for m in Message.objects.all()) == 14
    assert "that this portal did not make" in Message.objects.first().payload["text"]
    bring_in(export(month, ("byte order mark", "split days")), finance)
    watch_bills(timezone.now())
    assert Message.objects.count() == len(whose)
    client.force_login(finance)
    for name in ("cost_overview", "reconciliation"):
        text = page(client, name)
        assert "Azure charged calls that are not from us" in text, name
        assert "7 calls more than this portal made" in text, name
    assert "estimate: differs from Azure" in page(client, "cost_overview")


def test_a_resource_of_nobody_is_assigned_when_its_group_is_entered(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    Readiness.objects.filter(tenant=tenants[0]).delete()
    resource = next(iter(month.resources.values()))
    bring_in(export(month), finance)
    client.force_login(finance)
    assert resource in page(client, "reconciliation")
    assert not ReconciledMonth.objects.filter(tenant=tenants[0]).exists()
    engineer = add_person(Role.ENGINEER, None)
    client.force_login(engineer)
    text = page(client, "reconciliation")
    assert reverse("tenant_onboarding", kwargs={"slug": tenants[0].slug}) in text
    _, _, subscription, _, group, *_ = resource.split("/")
    where = reverse("onboarding_note", kwargs={"slug": tenants[0].slug, "step": "billing"})
    guid = "0b0b0b0b-0000-4000-8000-00000000000b"
    BillDay.objects.filter(resource_id=resource).update(
        resource_id=resource.replace(subscription, guid)
    )
    form = {"billing-subscription_id": guid, "billing-resource_group": group.upper()}
    assert client.post(where, form).status_code == 302
    assert not BillDay.objects.filter(tenant=None).exists()
    assert shares(comparisons(tenants, APRIL)) == {}
    assert standing_of(tenants, APRIL, timezone.now()).state == "reconciled"
    assert AuditEvent.objects.filter(action="bill.matched").count() == 1


def test_a_link_that_moves_takes_its_days_along(
    month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    """Entered at the wrong tenant first; nothing is taken from one that is linked no more."""
    first, second = tenants[:2]
    theirs = Readiness.objects.get(tenant=second)
    here = next(iter(month.resources.values()))
    bring_in(export(month), finance)
    Readiness.objects.filter(tenant=first).update(resource_group="elsewhere")
    assert match_bills(by=None, again=True) == 0
    link(second, here)
    assert match_bills(by=finance, again=True) == 1
    whose = set(BillDay.objects.filter(resource_id=here).values_list("tenant", "customer"))
    assert whose == {(second.pk, second.customer_id)}
    assert theirs.pk


def test_a_directory_decides_where_no_group_is_known(
    month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    Readiness.objects.all().delete()
    for tenant, directory in zip(tenants, month.resources, strict=True):
        Tenant.objects.filter(pk=tenant.pk).update(entra_id=directory.upper())
    bring_in(export(month), finance)
    assert shares(comparisons(tenants, APRIL)) == {}
    assert not BillDay.objects.filter(tenant=None).exists()


def test_another_currency_asks_for_a_rate(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    bring_in(export(month, currency="EUR"), finance)
    client.force_login(finance)
    text = page(client, "reconciliation")
    assert text.count("enter what one USD was in EUR on 2026-04") == 3
    assert "cannot be compared" in text
    text = page(client, "reconciliation_tenant", slug="t0")
    assert reverse("rate_list") in text
    assert standing_of(tenants, APRIL, timezone.now()).state == "estimate"
    rate = ExchangeRate(base="USD", quote="EUR", day=date(2026, 4, 1), rate=Decimal(1))
    add_rate(rate, by=add_person(Role.ADMIN, None))
    assert watch_bills(timezone.now()) == 3
    assert standing_of(tenants, APRIL, timezone.now()).state == "reconciled"
    assert "EUR" in page(client, "reconciliation")


def test_a_day_in_no_file_and_one_that_azure_left_out(
    month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    tenant, directory = tenants[0], next(iter(month.resources))
    days = sorted(day for day, whose in month.calls if whose == directory)
    alone = azure_exports.Month(
        month.first,
        {key: calls for key, calls in month.calls.items() if key[1] == directory},
        month.resources,
    )
    last = alone.calls.pop((days[-1], directory))
    bring_in(export(alone), finance)
    (found,) = comparisons([tenant], APRIL)
    assert found.missing == [days[-1]]
    standing = standing_of([tenant], APRIL, timezone.now())
    assert (standing.state, standing.through) == ("estimate", days[-1] - timedelta(days=1))
    # The same days, but the person says that the last of the month was exported, too.
    whole = export(alone, ("byte order mark",))
    bring_in(whole, finance, covers=(date(2026, 4, 1), date(2026, 5, 9)))
    (found,) = comparisons([tenant], APRIL)
    assert found.missing == []
    assert shares([found]) == {Cause.NOT_BILLED: -last}
    assert standing_of([tenant], APRIL, timezone.now()).state == "differs"
    with pytest.raises(ImportRefused, match="must include them"):
        bring_in(export(alone, ("line breaks",)), finance, covers=(date(2026, 4, 9), None))


def test_counts_that_change_make_it_an_estimate_until_judged_again(
    month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    bring_in(export(month), finance)
    day = min(month.calls)[0]
    add_usage(tenants[0], datetime(day.year, day.month, day.day, 11, tzinfo=UTC), 400, 3)
    assert standing_of(tenants, APRIL, timezone.now()).state == "estimate"
    assert watch_bills(timezone.now()) == 1
    assert watch_bills(timezone.now()) == 0
    assert standing_of(tenants, APRIL, timezone.now()).state == "reconciled"
    assert standing_of(tenants, APRIL, datetime(2026, 4, 30, 9, tzinfo=UTC)).state == "estimate"


def test_who_bills_some_customers_imports_only_theirs(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    own = add_person(Role.FINANCE, tenants[0].customer)
    with pytest.raises(ImportRefused, match="none of the customers you bill"):
        bring_in(export(month), own)
    assert not BillDay.objects.exists()
    directory = next(iter(month.resources))
    alone = {key: calls for key, calls in month.calls.items() if key[1] == directory}
    part = azure_exports.Month(month.first, alone, month.resources)
    mine = bring_in(export(part), own)
    bring_in(export(month), finance)
    whole = BillFile.objects.latest("pk")
    client.force_login(own)
    text = page(client, "bill_list")
    assert reverse("bill_detail", kwargs={"pk": mine.pk}) in text
    text = page(client, "bill_detail", pk=whole.pk)
    shown = sum(calls for key, calls in month.calls.items() if key[1] == directory)
    assert f"{shown:,}" in text
    assert f"{sum(month.calls.values()):,}" not in text
    assert whole.content_hash not in text
    answer = client.post(reverse("bill_remove", kwargs={"pk": whole.pk}), follow=True)
    assert "whom you do not bill" in answer.content.decode()
    with pytest.raises(ImportRefused):
        remove_bill(file=whole, by=own)
    text = page(client, "reconciliation")
    assert "Tenant t0" in text
    assert "Tenant t1" not in text
    assert client.post(reverse("bill_remove", kwargs={"pk": mine.pk})).status_code == 302
    assert BillFile.objects.get() == whole
    stranger = add_person(Role.FINANCE, add_tenant("stranger").customer)
    client.force_login(stranger)
    assert client.get(reverse("bill_detail", kwargs={"pk": whole.pk})).status_code == 404
    assert client.post(reverse("bill_remove", kwargs={"pk": whole.pk})).status_code == 404


def test_a_file_that_can_be_read_in_two_ways_asks(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    content = export(month, variant="Enterprise Agreement, older")  # has no currency
    client.force_login(finance)
    answer = hand_in(client, content)
    assert "say which one it is" in answer.content.decode()
    assert answer.context["form"].errors.keys() == {"currency"}
    assert hand_in(client, content, currency="usd").status_code == 302
    assert BillFile.objects.get().hints == {"currency": "USD"}
    assert shares(comparisons(tenants, APRIL)) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n", "no cost export"),
        (b"\x1f\x8bnothing", "damaged"),
    ],
)
def test_what_cannot_be_read_says_why(
    client: Client, finance: User, content: bytes, words: str
) -> None:
    client.force_login(finance)
    answer = hand_in(client, content)
    assert words in answer.content.decode()
    assert answer.context["form"].errors.keys() == {"file"}


def test_a_file_of_other_services_is_refused(month: azure_exports.Month, finance: User) -> None:
    text = re.sub("scimapiconsumptions", "guestusages", export(month).decode())
    with pytest.raises(ImportRefused, match="no usage of Microsoft Entra"):
        bring_in(text.encode(), finance)


def test_a_file_that_is_too_large(
    client: Client, month: azure_exports.Month, finance: User, settings: Any
) -> None:
    client.force_login(finance)
    settings.BILL_MAX_BYTES = 1000
    assert "more than 1,000 bytes" in hand_in(client, export(month)).content.decode()
    settings.UPLOAD_MAX_BYTES = 1000
    assert "export by month" in hand_in(client, export(month)).content.decode()


def test_the_csv_holds_every_share(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    key = min(month.calls)
    month.calls[key] += 5
    bring_in(export(month), finance)
    client.force_login(finance)
    rows = list(csv.DictReader(io.StringIO(page(client, "reconciliation_csv"))))
    assert len(rows) == len(month.calls)
    (odd,) = [row for row in rows if row["difference_calls"] != "0"]
    assert (odd["day_utc"], odd["foreign_calls"]) == (str(key[0]), "5")
    assert Decimal(odd["difference"]) == Decimal(odd["foreign_amount"]) == 5 * PRICE
    narrowed = page(client, "reconciliation_csv", {"month": "2026-04", "tenant": "t1"})
    assert {row["tenant"] for row in csv.DictReader(io.StringIO(narrowed))} == {"Tenant t1"}


def test_a_tenants_days_with_causes(
    client: Client, month: azure_exports.Month, tenants: list[Tenant], finance: User
) -> None:
    directory = next(iter(month.resources))
    day = min(day for day, whose in month.calls if whose == directory)
    add_usage(tenants[0], datetime(day.year, day.month, day.day, 9, tzinfo=UTC), 0, 4)
    month.calls[day, directory] += 3
    bring_in(export(month), finance)
    client.force_login(finance)
    text = page(client, "reconciliation_tenant", slug="t0")
    assert "Uncertain calls" in text
    assert "nobody saw an answer" in text
    assert "USD 0.006" in text
    assert "settled" in text
    assert reverse("cost_day", kwargs={"slug": "t0", "day": f"{day}"}) in text
    for where, kwargs in (("cost_tenant", {"slug": "t0"}), ("cost_overview", {})):
        assert "s bill on 1 Jun 2026" in page(client, where, **kwargs)


def test_queries_do_not_grow_with_the_tenants(
    month: azure_exports.Month, tenants: list[Tenant], finance: User, django_assert_num_queries: Any
) -> None:
    bring_in(export(month), finance)
    with django_assert_num_queries(6):
        comparisons(tenants[:1], APRIL)
    with django_assert_num_queries(6):
        assert len(comparisons(tenants, APRIL)) == 3
    with django_assert_num_queries(2):
        standing_of(tenants, APRIL, timezone.now())
