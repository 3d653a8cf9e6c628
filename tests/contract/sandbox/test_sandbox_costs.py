"""The cost export: exact, complete, in the shape of Cost Management's file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.contract.sandbox.helpers import NOBODY, Directory
from tests.support.sandbox import RunningSandbox

WHOLE = {"from": "2000-01-01", "to": "2199-12-31"}


def _export(directory: Directory, **period: str) -> httpx.Response:
    path = f"/tenants/{directory.tenant}/costs.csv"
    return directory.sandbox.control.get(path, params=period)


def _rows(directory: Directory, **period: str) -> list[dict[str, str]]:
    answer = _export(directory, **(period or WHOLE))
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), strict=True))


def _call(directory: Directory, path: str) -> int:
    """A call with a fresh token: the clock may have moved."""
    token = directory.sandbox.token(directory.tenant, "app", "secret")
    with directory.sandbox.client(token) as scim:
        return scim.get(path).status_code


def _now(sandbox: RunningSandbox) -> datetime:
    return datetime.fromisoformat(sandbox.control.get("/clock").json()["now"])


def _to_midnight(sandbox: RunningSandbox, seconds_before: int) -> datetime:
    """Move the clock to shortly before the next UTC midnight; gives that midnight."""
    now = _now(sandbox)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if (midnight - now).total_seconds() <= seconds_before:
        midnight += timedelta(days=1)
    sandbox.advance_clock((midnight - now).total_seconds() - seconds_before)
    return midnight


def _sum(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


@pytest.mark.parametrize(("rule", "billable"), [("2xx+404", 3), ("all", 4)])
def test_the_export_has_a_row_a_day_and_all_that_is_billable(
    directory: Directory, rule: str, billable: int
) -> None:
    directory.settings(billing_rule=rule)
    midnight = _to_midnight(directory.sandbox, 300)
    assert _call(directory, "/users") == 200
    assert _call(directory, "/users?count=x") == 400
    directory.sandbox.advance_clock(600)
    assert [_call(directory, f"/users/{NOBODY}"), _call(directory, "/groups")] == [404, 200]
    rows = _rows(directory)
    days = [(midnight - timedelta(days=1)).strftime("%m/%d/%Y"), midnight.strftime("%m/%d/%Y")]
    assert [row["Date"] for row in rows] == days
    assert [row["Quantity"] for row in rows] == [str(billable - 2), "2"]
    assert _sum(rows, "Quantity") == directory.usage()["billable"] == billable
    assert _sum(rows, "CostInBillingCurrency") == billable * Decimal("0.002")


def test_a_changed_rule_leaves_what_was_counted_before(directory: Directory) -> None:
    _call(directory, "/users?count=x")
    directory.settings(billing_rule="all")
    _call(directory, "/users?count=x")
    assert _sum(_rows(directory), "Quantity") == directory.usage()["billable"] == 1


def test_a_clock_put_back_counts_in_the_earlier_day(directory: Directory) -> None:
    midnight = _to_midnight(directory.sandbox, -60)
    _call(directory, "/users")
    directory.sandbox.advance_clock(-7200)
    _call(directory, "/users")
    directory.sandbox.advance_clock(7200)
    rows = _rows(directory)
    assert [row["Quantity"] for row in rows] == ["1", "1"]
    assert rows[1]["Date"] == midnight.strftime("%m/%d/%Y")


def test_days_are_inclusive_and_a_day_without_calls_has_no_row(directory: Directory) -> None:
    _to_midnight(directory.sandbox, -60)
    first = _now(directory.sandbox).date()
    last = first + timedelta(days=2)
    _call(directory, "/users")
    directory.sandbox.advance_clock(2 * 86400)
    _call(directory, "/users")
    dates = [first.strftime("%m/%d/%Y"), last.strftime("%m/%d/%Y")]
    for since, until, shown in (
        (first, last, dates),
        (first, first, dates[:1]),
        (first + timedelta(days=1), last - timedelta(days=1), []),
        (last, last, dates[1:]),
    ):
        rows = _rows(directory, **{"from": str(since), "to": str(until)})
        assert [row["Date"] for row in rows] == shown


def test_it_says_which_resource_of_which_service(directory: Directory) -> None:
    _call(directory, "/users")
    (row,) = _rows(directory)
    assert row["ResourceId"].split("/")[-3:-1] == [
        "microsoft.entraidgovernance",
        "scimapiconsumptions",
    ]
    assert row["SubscriptionId"] in row["ResourceId"]
    assert row["ResourceGroup"] in row["ResourceId"]
    assert directory.tenant in row["AdditionalInfo"]
    assert (row["MeterCategory"], row["ServiceName"]) == ("Microsoft Entra", "Microsoft Entra")
    assert (row["ChargeType"], row["BillingCurrency"]) == ("Usage", "USD")
    assert (row["UnitPrice"], row["EffectivePrice"]) == ("0.002", "0.002")
    start = datetime.strptime(row["BillingPeriodStartDate"], "%m/%d/%Y").replace(tzinfo=UTC)
    end = datetime.strptime(row["BillingPeriodEndDate"], "%m/%d/%Y").replace(tzinfo=UTC)
    assert (start.day, (end + timedelta(days=1)).day) == (1, 1)
    assert start <= datetime.strptime(row["Date"], "%m/%d/%Y").replace(tzinfo=UTC) <= end


def test_a_price_of_many_digits_stays_exact(directory: Directory) -> None:
    directory.settings(unit_price="0.0012345678", billing_currency="EUR")
    for _ in range(3):
        _call(directory, "/users")
    rows = _rows(directory)
    assert [(row["CostInBillingCurrency"], row["BillingCurrency"]) for row in rows] == [
        ("0.0037037034", "EUR")
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"unit_price": 0.002},
        {"unit_price": "-1"},
        {"unit_price": "1e3"},
        {"unit_price": "0.002\n"},
        {"unit_price": "NaN"},
        {"billing_currency": "usd"},
        {"billing_currency": "=1"},
    ],
)
def test_a_price_is_decimal_text_and_a_currency_three_letters(
    directory: Directory, settings: dict[str, Any]
) -> None:
    answer = directory.sandbox.control.put(
        f"/tenants/{directory.tenant}", json={"settings": settings}
    )
    assert answer.status_code == 400
    assert next(iter(settings)) in answer.json()["error"]


@pytest.mark.parametrize(
    ("since", "until", "named"),
    [
        ("2026-02-30", "2026-03-01", "2026-02-30"),
        ("20260301", "2026-03-02", "20260301"),
        ("2026-03-01", "tomorrow", "tomorrow"),
        ("2026-03-02", "2026-03-01", "before"),
        ("2026-03-01T00:00", "2026-03-02", "2026-03-01T00:00"),
        ("\uff12026-03-01", "2026-03-02", "day such as"),
    ],
)
def test_bad_days_are_refused_with_a_sentence(
    directory: Directory, since: str, until: str, named: str
) -> None:
    answer = _export(directory, **{"from": since, "to": until})
    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_without_days_it_is_the_month_until_today(directory: Directory) -> None:
    _call(directory, "/users")
    answer = _export(directory)
    assert len(answer.text.splitlines()) == 2
    today = _now(directory.sandbox).date()
    named = f"costs_{directory.tenant}_{today.replace(day=1)}_{today}.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{named}"'


def test_it_is_rfc_4180_in_utf_8_and_holds_no_formula(directory: Directory) -> None:
    directory.sandbox.put_tenant(directory.tenant, name='=HYPERLINK("http://x"),\nŁódź')
    _call(directory, "/users")
    answer = _export(directory)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.content.count(b"\r\n") == 2
    assert answer.content.endswith(b"\r\n")
    (row,) = _rows(directory)
    assert row["SubscriptionName"] == '\'=HYPERLINK("http://x"),\nŁódź'
    assert None not in row


def test_an_unknown_directory_has_no_costs(sandbox: RunningSandbox) -> None:
    assert sandbox.control.get(f"/tenants/{NOBODY}/costs.csv").status_code == 404


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e15, -1e12])
def test_a_clock_out_of_the_calendar_is_refused(sandbox: RunningSandbox, seconds: float) -> None:
    before = _now(sandbox)
    answer = sandbox.control.post("/clock", content=f'{{"advance_seconds": {_json(seconds)}}}')
    assert answer.status_code == 400
    assert _now(sandbox) - before < timedelta(hours=1)


def _json(number: float) -> str:
    return {"nan": "NaN", "inf": "Infinity"}.get(str(number), str(number))
