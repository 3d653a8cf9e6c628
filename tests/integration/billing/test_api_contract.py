"""The description of the API is valid OpenAPI 3.1, complete, and true of every answer."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from billing.api.description import openapi
from billing.api.queries import MonthQuery, PageQuery, PriceQuery, StatementQuery, month_in
from billing.api.resources import exact
from billing.domain.periods import Month
from billing.models import CustomerTerms, PriceBookEntry
from billing.services.statements import add_correction, close_statement, open_statement
from tenants.api import LIMITS, BadQuery, query_of
from tenants.domain.roles import Role
from tests.support.access import routes_of
from tests.support.api import ROOT, Asker, make_token
from tests.support.rows import add_person, add_tenant, add_usage

DOCS = (Path(__file__).parents[3] / "docs/api.md").read_text()
# Each path with the fields of one of its things, in the requirement's own words.
FIELDS = {
    "customers": "slug name",
    "usage": "customer tenant tenant_id day purpose status calls",
    "costs": "customer name month basis tenants charge problem statement",
    "costs tenants": "tenant tenant_id name calls billable uncertain unpriced amounts",
    "costs charge": "currency cost markup_percent markup fee corrections total",
    "costs statement": "id number state",
    "statements": "id number state customer month opened_at closed_at charge",
    "statements/{pk}": "id number state customer month opened_at closed_at charge"
    " problem rates lines corrections corrected_by",
    "statements/{pk} lines": "tenant name purpose calls billable uncertain currency amount",
    "statements/{pk} corrections": "corrects on currency amount note",
    "prices": "cloud meter currency unit_price tiers rule effective_from effective_to note",
    "prices tiers": "above unit_price",
}
PARAMETERS = {
    "customers": "after limit",
    "usage": "after limit month customer",
    "costs": "after limit month customer",
    "statements": "after limit month customer state",
    "statements/{pk}": "pk",
    "prices": "day",
}


@pytest.fixture
def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(openapi())
    return found


@pytest.fixture
def api(db: None) -> Iterator[Asker]:
    """Everything that an answer may hold: open and closed, corrected; tiers; a missing rate."""
    cache.clear()
    by = add_person(Role.FINANCE, None)
    PriceBookEntry.objects.create(
        unit_price=Decimal("0.001"),
        rule="all",
        effective_from=datetime(2026, 5, 9, tzinfo=UTC),
        tiers=[[10, "0.0005"]],
        currency="EUR",
    )
    for number, slug in enumerate(("acme", "beech"), 1):
        tenant = add_tenant(slug)
        for month in (2, 4, 5):
            for day in (1, 9, 20):
                for status in (0, 201, 404, 429):
                    at = datetime(2026, month, day, 9, tzinfo=UTC)
                    add_usage(tenant, at, status, 10 * number)
        if slug == "acme":
            april, _ = (
                open_statement(customer=tenant.customer, month=Month(2026, n), by=by)
                for n in (4, 5)
            )
            close_statement(statement=april, by=by)
            april.refresh_from_db()
            for amount in ("-1.5", "0.002"):
                add_correction(
                    corrects=april, currency="USD", amount=Decimal(amount), note="Late", by=by
                )
        else:
            CustomerTerms.objects.create(
                customer=tenant.customer,
                effective_from="2026-01-01",
                currency="CHF",
                markup_percent=Decimal("7.125"),
            )
            open_statement(customer=tenant.customer, month=Month(2026, 5), by=by)
    yield Asker(make_token(by)[1])
    cache.clear()


def strict(schema: Any) -> Any:
    """The same, without room for what it does not name."""
    if isinstance(schema, Mapping):
        found = {name: strict(part) for name, part in schema.items()}
        if schema.get("type") == "object" and "properties" in schema:
            found |= {"additionalProperties": False, "required": sorted(schema["properties"])}
        return found
    return [strict(part) for part in schema] if isinstance(schema, list) else schema


def validator(described: dict[str, Any], path: str, status: int, kind: str) -> Any:
    answers = described["paths"][path]["get"]["responses"]
    schema = answers[str(status)]["content"][kind]["schema"]
    whole = {**schema, "components": strict(described["components"])}
    if status != 200:
        whole["components"] = described["components"]
    return Draft202012Validator(whole, format_checker=FormatChecker())


def test_it_is_valid_openapi(described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()


def test_it_is_what_is_served(db: None) -> None:
    answer = Client().get(reverse("api_description"))
    assert answer.content == openapi()
    assert answer.headers["Content-Type"] == "application/json"


def test_every_route_is_described(described: dict[str, Any]) -> None:
    below = [
        re.sub(r"<\w+:(\w+)>", r"{\1}", str(route.pattern))
        for route in routes_of(get_resolver())
        if str(route.name).startswith("api_") and "token" not in str(route.name)
    ]
    assert len(below) == 7
    assert set(described["paths"]) == {f"{ROOT}{path}" for path in below} - {f"{ROOT}openapi.json"}
    assert {path.split()[0] for path in FIELDS} == set(PARAMETERS) == set(below) - {"openapi.json"}


def test_every_parameter_is_described(described: dict[str, Any]) -> None:
    for path, names in PARAMETERS.items():
        told = described["paths"][f"{ROOT}{path}"]["get"]["parameters"]
        assert {each["name"] for each in told} == set(names.split()), path
        assert all(each["schema"] for each in told)
        for each in told:
            needed = each["in"] == "path" or (each["name"] == "month" and path != "statements")
            assert each["required"] is needed, (path, each["name"])


def test_the_document_names_every_path_parameter_and_field() -> None:
    for path in PARAMETERS:
        assert f"/api/v1/{path}" in DOCS, path
    named = set(re.findall(r"`([\w.]+)`", DOCS))
    words = " ".join([*FIELDS.values(), *PARAMETERS.values()]).split()
    assert not set(words) - {"pk"} - named
    for rate in LIMITS.values():
        assert re.search(rf"\b{rate.partition('/')[0]}\b", DOCS), "limits"


def things(api: Asker, path: str) -> list[dict[str, Any]]:
    """What a path of FIELDS is about, from all its answers."""
    where, _, part = path.partition(" ")
    found: list[Any]
    if where == "statements/{pk}":
        found = [api.get(f"statements/{row['id']}") for row in api.all("statements")]
    elif where in ("usage", "costs"):
        found = [row for n in (2, 4, 5) for row in api.all(f"{where}?month=2026-0{n}")]
    else:
        found = api.get(where)["data"]
    if not part:
        return found
    inner = [row[part] for row in found]
    return [each for part in inner for each in (part if isinstance(part, list) else [part]) if each]


@pytest.mark.parametrize("path", FIELDS)
def test_the_fields_of_an_answer(api: Asker, path: str) -> None:
    found = things(api, path)
    assert found
    assert {frozenset(each) for each in found} == {frozenset(FIELDS[path].split())}


ASKED = [
    "customers", "customers?limit=1", "usage?month=2026-05", "usage?month=2026-05&limit=3&after=4",
    "usage?month=2026-05&customer=customer-acme", "usage?month=2025-01", "costs?month=2026-02",
    "costs?month=2026-04", "costs?month=2026-05", "costs?month=2025-12", "statements",
    "statements?state=closed", "statements?state=open&month=2026-05", "prices",
    "prices?day=2026-05-09", "prices?day=2026-04-01", "prices?day=1999-01-01",
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
def test_every_answer_is_as_described(api: Asker, described: dict[str, Any], asked: str) -> None:
    path = f"{ROOT}{asked.partition('?')[0]}"
    validator(described, path, 200, "application/json").validate(api.get(asked))


def test_every_statement_is_as_described(api: Asker, described: dict[str, Any]) -> None:
    checks = validator(described, f"{ROOT}statements/{{pk}}", 200, "application/json")
    rows = api.all("statements")
    assert {row["state"] for row in rows} == {"open", "closed"}
    details = [api.get(f"statements/{row['id']}") for row in rows]
    assert any(each["problem"] for each in details)
    assert any(each["rates"] == {} for each in details)
    for each in details:
        checks.validate(each)


def test_every_refusal_is_as_described(api: Asker, described: dict[str, Any]) -> None:
    def refused(asker: Asker, asked: str, status: int) -> None:
        answer = asker.ask(asked)
        assert answer.status_code == status
        path = ROOT + re.sub(r"\d+", "{pk}", asked.partition("?")[0])
        validator(described, path, status, "application/problem+json").validate(answer.json())

    for asked in PARAMETERS:
        asked = asked.format(pk=1)
        refused(api, f"{asked}?x=1", 400)
        refused(Asker(), asked, 401)
    refused(api, "statements/77777", 404)
    refused(api, "usage?month=2026-05&customer=nobody", 404)


def test_the_check_can_fail(api: Asker, described: dict[str, Any]) -> None:
    """The control: a field more, one less, a number for a text."""
    checks = validator(described, f"{ROOT}customers", 200, "application/json")
    good = api.get("customers")
    (row, _) = good["data"]
    for wrong in ({**row, "more": 1}, {"slug": "x"}, {**row, "name": 1}):
        assert not checks.is_valid({**good, "data": [wrong]})
    costs = validator(described, f"{ROOT}costs", 200, "application/json")
    for amount in (0.5, "1e-7", "", "1.", "NaN"):
        page = api.get("costs?month=2026-05")
        page["data"][0]["tenants"][0]["amounts"][0]["amount"] = amount
        assert not costs.is_valid(page), amount


NUMBERS = st.decimals(-(10**15), 10**15, allow_nan=False, allow_infinity=False, places=12)


@given(NUMBERS)
def test_amounts_are_exact_and_plain(amount: Decimal) -> None:
    text = exact(amount)
    assert Decimal(text) == amount
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]*[1-9])?", text)


PARTS = st.sampled_from(["month", "customer", "after", "limit", "state", "day"])
LIKELY = st.from_regex(r"[0-9]{4}-[01][0-9](-[0-3][0-9])?") | st.integers().map(str) | st.text()


@given(st.dictionaries(PARTS, LIKELY))
def test_whatever_is_asked_is_a_value_or_refused(asked: dict[str, str]) -> None:
    """No query is an error of ours."""
    for query in (PageQuery, MonthQuery, StatementQuery, PriceQuery):
        request = RequestFactory().get("/", asked)
        with suppress(BadQuery):
            found = query_of(request, query)
            if month := getattr(found, "month", None):
                assert str(month_in(month)) == month
            if after := getattr(found, "after", None):
                assert int(after) >= 0
