"""What people hand in as Azure's bill, and what the page answers when something is wrong."""

import base64
import io
import re
import zipfile
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
from tests.support.azure_rows import OURS, SHORT, short
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
        ("2026-04-09", "", "first_day", "3 Apr 2026; the days that it covers must include"),
        ("2026-04-01", "2026-04-02", "last_day", "from 3 Apr 2026 to 3 Apr 2026"),
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


def messages_of(client: Client) -> str:
    """What the page after an import says of it."""
    page = client.get(reverse("bill_detail", args=[BillFile.objects.get().pk]))
    return " ".join(str(message) for message in page.context["messages"])


@pytest.mark.parametrize(
    ("quantity", "cost", "what"),
    [
        ("1201", "NaN", "its cost is “NaN”"),
        ("1201", "", "its cost is empty"),
        ("1201", "1e999999", "its cost is “1e999999”"),
        ("1e30", "2.402", "its quantity is “1e30”"),
    ],
)
def test_a_file_whose_only_row_cannot_be_read_says_what_is_wrong_with_it(
    client: Client, finance: User, quantity: str, cost: str, what: str
) -> None:
    (words,) = refused(hand_in(client, short(("2026-04-03", quantity, cost))))["file"]
    assert words.startswith(f"1 row of the API could not be read; line 2: {what}.")
    assert "no usage" not in words


@pytest.mark.parametrize("quantity", ["n/a", "1e30"])
def test_a_day_with_a_row_that_cannot_be_read_is_not_late(
    client: Client, finance: User, tenant: Tenant, quantity: str
) -> None:
    add_usage(tenant, datetime(2026, 4, 4, 9, tzinfo=UTC), 201, 7)
    rows = (("2026-04-03", quantity, "2.402"), ("2026-04-04", "7", "0.014"))
    assert hand_in(client, short(*rows)).status_code == 302
    assert f"1 row of the API could not be read; line 2: its quantity is “{quantity}”." in (
        messages_of(client)
    )
    for name, kwargs in (("reconciliation", {}), ("reconciliation_tenant", {"slug": "acme"})):
        page = client.get(reverse(name, kwargs=kwargs), {"month": "2026-04"})
        text = page.getvalue().decode()
        assert "Late or moved" not in text, name
        assert "cannot be read, so what it charges is missing here" in text, name
        assert "1 day to look at" in text, name
        (part,) = page.context["parts"]
        assert (part.words.name, part.share.calls) == ("Not readable", -1201)
    file = BillFile.objects.get()
    assert f'3 Apr: line 2 of <a href="{reverse("bill_detail", args=[file.pk])}">' in text
    assert ReconciledMonth.objects.get().differing == 1


def test_a_newer_file_that_can_be_read_makes_up_for_it(
    client: Client, finance: User, tenant: Tenant
) -> None:
    hand_in(client, short(("2026-04-03", "n/a", "2.402"), ("2026-04-04", "1", "0.002")))
    hand_in(client, short(ROW))
    page = client.get(reverse("reconciliation_tenant", args=["acme"]), {"month": "2026-04"})
    assert "Not readable" not in page.getvalue().decode()


def test_a_day_of_nobodys_calls_with_a_row_that_cannot_be_read_stays_open(
    client: Client, finance: User, tenant: Tenant
) -> None:
    hand_in(client, short(("2026-04-02", "n/a", "2.402", "?"), ROW))
    page = client.get(reverse("reconciliation_tenant", args=["acme"]), {"month": "2026-04"})
    assert page.context["row"].state[0] == "1 day to look at"
    assert [words.name for _, (part,) in page.context["days"][:1] for words in [part.words]] == [
        "Not readable"
    ]


CUT = short(ROW, ("2026-04-04", "7", "0.014"), ("2026-04-30", "5", "0.010"))


@pytest.mark.parametrize(
    "content",
    [
        CUT[: CUT.rindex(b",Usage")],
        CUT[: CUT.rindex(b",USD")] + b"\r\n",
        CUT[: CUT.rindex(b"2026-04-30") + 6],
        CUT.replace(b"0.010", b'"0.010')[: CUT.rindex(b"0.010") + 4],
    ],
    ids=["without kind", "line ended", "within the day", "within a quotation"],
)
def test_a_file_that_is_cut_in_its_last_row_is_told(
    client: Client, finance: User, tenant: Tenant, content: bytes
) -> None:
    assert hand_in(client, content).status_code == 302
    told = messages_of(client)
    assert "3 rows" in told
    assert "The file ends within a row (line 4) and may be cut." in told
    assert BillFile.objects.get().last_day <= date(2026, 4, 30)


def test_a_cut_row_of_the_api_is_named(client: Client, finance: User, tenant: Tenant) -> None:
    hand_in(client, CUT.rstrip().removesuffix(b"e"))
    assert BillFile.objects.get().gaps == []  # as many fields as the header has
    BillFile.objects.all().delete()
    hand_in(client, CUT[: CUT.rindex(b"Usage")].removesuffix(b",") + b',"Us')
    assert "line 4: the file ends within it" in messages_of(client)


def test_a_file_of_one_cut_row_is_refused_with_what_to_do(client: Client, finance: User) -> None:
    (words,) = refused(hand_in(client, short(ROW)[:-60]))["file"]
    assert "ends within a row (line 2) and may be cut" in words
    assert "export these days once more" in words


def test_a_total_at_the_end_is_no_cut(client: Client, finance: User) -> None:
    assert hand_in(client, short(ROW) + b"Total,2.402\r\n").status_code == 302
    assert BillFile.objects.get().gaps == []


def test_the_first_month_of_all_has_a_page(client: Client, finance: User) -> None:
    assert client.get(reverse("reconciliation"), {"month": "2000-01"}).status_code == 200


PRICED = [*SHORT, "UnitPrice"]


def priced(*rows: tuple[str, ...]) -> bytes:
    """Rows of day, quantity, cost and price of a unit."""
    lines = [PRICED, *([day, q, cost, "USD", OURS, "Usage", price] for day, q, cost, price in rows)]
    return "\n".join(",".join(line) for line in lines).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "hint", "field", "words"),
    [
        (
            short(ROW, ("11/12/2025", "1", "2"), ("11/30/2025", "1", "2")),
            {"day_first": "day"},
            "day_first",
            "Line 4: 11/30/2025 cannot be day first.",
        ),
        (
            short(("13/04/2026", "1", "2")),
            {"day_first": "month"},
            "day_first",
            "Line 2: 13/04/2026 cannot be month first.",
        ),
        (
            priced(("2026-04-03", "1.000", "2.402", "0.002")),
            {"decimal_comma": "comma"},
            "decimal_comma",
            "Line 2: 0.002 cannot have a decimal comma.",
        ),
        (
            priced(("2026-04-03", "1.500", "3.000", "2.000")),
            {"decimal_comma": "comma"},
            "decimal_comma",
            "Line 2: 1.500 x 2.000 = 3.000 cannot have a decimal comma.",
        ),
        (
            short(("2026-04-03", "1201", "2,402.50")),
            {"decimal_comma": "comma"},
            "decimal_comma",
            "Line 2: 2,402.50 cannot have a decimal comma.",
        ),
    ],
    ids=["day", "month", "price", "product", "groups"],
)
def test_a_hint_that_the_file_disproves_is_refused_with_the_line(
    client: Client, finance: User, content: bytes, hint: dict[str, str], field: str, words: str
) -> None:
    assert refused(hand_in(client, content, **hint)) == {field: [words]}


def test_the_price_of_a_block_disproves_nothing(client: Client, finance: User) -> None:
    """1,500 calls at 2 for a thousand, as some languages write it."""
    content = priced(("2026-04-03", "1.500", "3", "2"))
    content = content.replace(b"Price\n", b"Price,UnitOfMeasure\n").replace(b",2\n", b",2,1K\n")
    assert hand_in(client, content, decimal_comma="comma").status_code == 302
    assert BillFile.objects.get().days.get().quantity == 1500


def test_rows_of_other_services_do_not_disprove_what_ours_leave_open(
    client: Client, finance: User
) -> None:
    other = ("USD", "/other")
    days = short(
        ("03/04/2026", "1", "2"), ("13/04/2026", "1", "2", *other), ("04/13/2026", "1", "2", *other)
    )
    assert hand_in(client, days, day_first="day").status_code == 302
    assert BillFile.objects.get().first_day == date(2026, 4, 3)


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def _xlsx() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_xlsx(), "This is an Excel file; save it as CSV."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "This is an Excel file; save it as CSV.",
        ),
        (b"PAR1\x15\x04" + short(ROW), "This is a Parquet file; export the costs as CSV."),
        (PNG, "This is no text file."),
        (bytes(range(256)) * 40, "This is no text file."),
        (
            short(ROW, ("2026-04-04", "1", "2", "USD", "x" * 200_000)),
            "Line 3: a field has more than 131,072 characters. Is a quotation mark missing?",
        ),
    ],
    ids=["xlsx", "xls", "parquet", "png", "bytes", "field"],
)
def test_what_is_no_csv_says_what_it_is(
    client: Client, finance: User, content: bytes, words: str
) -> None:
    answer = hand_in(client, content)
    assert refused(answer) == {"file": [words]}
    assert answer.content.decode().count(words) == 1


def test_a_currency_against_the_files_own_column_is_refused(client: Client, finance: User) -> None:
    assert refused(hand_in(client, short(ROW), currency="EUR")) == {
        "currency": ["Line 2: the column BillingCurrency says USD, so leave this empty."]
    }
    assert hand_in(client, short(ROW), currency="USD").status_code == 302


def reconciled(client: Client, name: str = "reconciliation", **kwargs: str) -> str:
    """A page of April, as one line of text."""
    page = client.get(reverse(name, kwargs=kwargs), {"month": "2026-04"})
    return " ".join(re.sub(r"<[^>]+>", " ", page.getvalue().decode()).split())


def test_the_month_says_how_much_of_it_no_file_covers(
    client: Client, finance: User, tenant: Tenant
) -> None:
    for slug, calls in (("beta", 300), ("gamma", 75)):
        add_usage(add_tenant(slug), datetime(2026, 4, 5, 9, tzinfo=UTC), 201, calls)
    hand_in(client, short(ROW))
    text = reconciled(client)
    assert "1 of 3 tenants compared; USD 0.75 of the month is not covered by a file." in text
    assert "No difference on the days compared" in text
    assert "the meter and Azure agree" not in text
    own = reconciled(client, "reconciliation_tenant", slug="acme")
    assert "the meter and Azure agree" in own
    assert "not covered by a file" not in own
    add_usage(tenant, datetime(2026, 4, 6, 9, tzinfo=UTC), 201, 1)
    own = reconciled(client, "reconciliation_tenant", slug="acme")
    assert "USD 0.002 of the month is not covered by a file." in own
    add_usage(tenant, datetime(2026, 4, 3, 10, tzinfo=UTC), 201, 1)
    text = reconciled(client)
    assert "Late or moved" in text
    assert "1 of 3 tenants compared; USD 0.752 of the month is not covered by a file." in text


def test_one_call_is_one_call(client: Client, finance: User) -> None:
    tenant = add_tenant("acme")
    link_billing(tenant=tenant, billing=Billing("s", "g"), by=None)
    add_usage(tenant, datetime(2026, 4, 3, 9, tzinfo=UTC), 201, 1)
    hand_in(client, short(("2026-04-03", "1", "0.002")))
    text = reconciled(client)
    assert "1 billable call, 0 uncertain" in text
    assert "1 calls" not in text
