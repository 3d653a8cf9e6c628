"""FOCUS 1.2: what is written keeps the specification's rules, and the rules find what does not."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.azure_costs import read_costs
from billing.domain.focus import COLUMNS, Category, Charge, Issuer
from billing.domain.periods import Month
from billing.exports import write_focus
from tests.support.focus_rules import (
    ALLOWED,
    CONDITIONAL,
    MANDATORY,
    NEVER_NULL,
    RECOMMENDED,
    violations,
)

ISSUER = Issuer("Fabled Services GmbH")
APRIL = Month(2026, 4)
RESOURCE = (
    "/subscriptions/s/resourcegroups/g/providers/microsoft.entraidgovernance/"
    "scimapiconsumptions/scim-1"
)
USAGE = Charge(
    APRIL,
    date(2026, 4, 3),
    "acme",
    "Acme Ltd",
    "USD",
    "SCIM API requests for changes",
    quantity=Decimal(1234),
    unit_price=Decimal("0.002"),
    list_price=Decimal("0.0025"),
    invoice="2026-04-0001",
    tenant="0b3b7c1e-0000-4000-8000-000000000001",
    tenant_name="acme.example",
    resource=RESOURCE,
    resource_name="scim-1",
    purpose="apply",
    operation="update",
)
FEE = replace(
    USAGE,
    day=APRIL.start.date(),
    until=APRIL.end.date(),
    category=Category.PURCHASE,
    description="Provisioning as a service",
    quantity=Decimal(1),
    unit_price=Decimal("250.00"),
    list_price=None,
    tenant="",
    resource="",
    purpose="",
    operation="",
)
CORRECTION = replace(
    USAGE,
    day=date(2026, 3, 30),
    description="3 calls of March that were charged twice",
    quantity=None,
    unit_price=None,
    list_price=None,
    amount=Decimal("-0.006"),
    corrects_invoiced=True,
)
CREDIT = replace(
    FEE,
    category=Category.CREDIT,
    description="Goodwill",
    quantity=None,
    unit_price=None,
    amount=Decimal("-10"),
)
TAX = replace(CREDIT, category=Category.TAX, description="VAT 19 %", amount=Decimal("47.97"))
ALL = [USAGE, FEE, CORRECTION, CREDIT, TAX, replace(USAGE, quantity=Decimal(0), invoice="")]


def written(*charges):
    output = io.BytesIO()
    write_focus(charges, ISSUER, output)
    return output.getvalue().decode()


def table(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_kind_of_charge_keeps_the_rules():
    text = written(*ALL)
    assert violations(text) == []
    rows = table(text)
    assert len(rows) == len(ALL)
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Purchase", "Credit", "Tax"}


def test_all_columns_are_there_in_order():
    assert set(COLUMNS) >= MANDATORY | CONDITIONAL | RECOMMENDED
    assert next(csv.reader(io.StringIO(written()))) == list(COLUMNS)
    assert violations(written()) == []


def test_figures_are_exact():
    row = table(written(USAGE))[0]
    assert {
        name: row[name] for name in COLUMNS if name.endswith(("Cost", "Price", "Quantity"))
    } == {
        "BilledCost": "2.468",
        "ContractedCost": "2.468",
        "EffectiveCost": "2.468",
        "ListCost": "3.0850",
        "ContractedUnitPrice": "0.002",
        "ListUnitPrice": "0.0025",
        "ConsumedQuantity": "1234",
        "PricingQuantity": "1234",
    }
    assert row["ChargePeriodStart"] == "2026-04-03T00:00:00Z"
    assert row["ChargePeriodEnd"] == "2026-04-04T00:00:00Z"
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (
        "2026-04-01T00:00:00Z",
        "2026-05-01T00:00:00Z",
    )


def test_a_correction_says_so_and_when_the_cost_was_incurred():
    row = table(written(CORRECTION))[0]
    assert row["ChargeClass"] == "Correction"
    assert row["ChargePeriodStart"] == "2026-03-30T00:00:00Z"
    assert row["BillingPeriodStart"] == "2026-04-01T00:00:00Z"
    assert row["BilledCost"] == "-0.006"
    assert row["PricingQuantity"] == ""


def test_names_are_no_formulas_and_amounts_are_left_alone():
    row = table(written(replace(CREDIT, account_name="=cmd()", description="+1")))[0]
    assert (row["BillingAccountName"], row["ChargeDescription"]) == ("'=cmd()", "'+1")
    assert row["BilledCost"] == "-10"


@pytest.mark.parametrize(
    "charge",
    [
        replace(USAGE, quantity=None),
        replace(USAGE, unit_price=None),
        replace(USAGE, unit_price=None, quantity=None, amount=Decimal(3)),
        replace(USAGE, amount=Decimal(3)),
        replace(USAGE, unit_price=Decimal("-0.002")),
        replace(USAGE, list_price=Decimal("-0.002")),
        replace(TAX, quantity=Decimal(1), unit_price=Decimal(1), amount=None),
        replace(CREDIT, amount=None),
        replace(USAGE, until=USAGE.day),
        replace(USAGE, corrects_invoiced=True),
        replace(USAGE, day=date(2026, 3, 31)),
        replace(USAGE, day=date(2026, 5, 1)),
    ],
)
def test_what_the_specification_cannot_say_is_refused(charge):
    with pytest.raises(ValueError, match=charge.description.split(" ")[0]):
        written(charge)


def broken(change):
    rows = table(written(*ALL))
    columns = list(COLUMNS)
    change(rows, columns)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return violations(text.getvalue())


def setting(number, **values):
    return lambda rows, columns: rows[number].update(values)


def renaming(old, new):
    def change(rows, columns):
        columns[columns.index(old)] = new
        for row in rows:
            row[new] = row[old]

    return change


U, F, K, C, T = range(5)  # usage, fee, correction, credit, tax
BREAKS = {
    "unknown category": (setting(U, ChargeCategory="Consumption"), "ChargeCategory"),
    "another class": (setting(U, ChargeClass="Regular"), "ChargeClass"),
    "a correction of its own month": (setting(U, ChargeClass="Correction"), "ChargeClass"),
    "an earlier day that is no correction": (setting(K, ChargeClass=""), "ChargePeriodStart"),
    "unknown frequency": (setting(U, ChargeFrequency="Monthly"), "ChargeFrequency"),
    "a fee by usage": (setting(F, ChargeFrequency="Usage-Based"), "ChargeFrequency"),
    "unknown service": (setting(U, ServiceCategory="Directories"), "ServiceCategory"),
    "subcategory of another": (setting(U, ServiceSubcategory="Containers"), "ServiceSubcategory"),
    "currency in words": (setting(U, BillingCurrency="Dollar"), "BillingCurrency"),
    "grouped amount": (setting(U, BilledCost="1,234.00"), "BilledCost"),
    "amount with a sign": (setting(U, EffectiveCost="+2.468"), "EffectiveCost"),
    "amount with a currency": (setting(U, ListCost="$3.0850"), "ListCost"),
    "amount with an exponent": (setting(U, ListUnitPrice="25E-4"), "ListUnitPrice"),
    "day without a time": (setting(U, ChargePeriodStart="2026-04-03"), "ChargePeriodStart"),
    "time with an offset": (
        setting(U, BillingPeriodEnd="2026-05-01T02:00:00+02:00"),
        "BillingPeriodEnd",
    ),
    "inclusive end": (setting(U, ChargePeriodEnd="2026-04-03T00:00:00Z"), "ChargePeriodEnd"),
    "no cost": (setting(U, ContractedCost=""), "ContractedCost"),
    "null in words": (setting(F, SubAccountName="NULL"), "SubAccountName"),
    "no price for usage": (setting(U, ContractedUnitPrice=""), "ContractedUnitPrice"),
    "no quantity for usage": (setting(U, ConsumedQuantity=""), "ConsumedQuantity"),
    "no unit": (setting(U, PricingUnit=""), "PricingUnit"),
    "a tax by quantity": (setting(T, PricingQuantity="1"), "PricingQuantity"),
    "a credit that was consumed": (setting(C, ConsumedUnit="Requests"), "ConsumedUnit"),
    "price times quantity": (setting(U, ContractedCost="2.47"), "ContractedCost"),
    "list price times quantity": (setting(U, ListCost="2.468"), "ListCost"),
    "negative price": (
        setting(U, ContractedUnitPrice="-0.002", ContractedCost="-2.468"),
        "ContractedUnitPrice",
    ),
    "a credit of two values": (setting(C, EffectiveCost="0"), "EffectiveCost"),
    "a type of nothing": (setting(F, ResourceType="SCIM"), "ResourceType"),
    "the id as name": (setting(U, ResourceName=RESOURCE), "ResourceName"),
    "a meter of nothing": (setting(T, SkuMeter="Tax"), "SkuMeter"),
    "a price of two goods": (setting(F, SkuPriceId="scim-api-requests"), "SkuPriceId"),
    "an invoice of two accounts": (setting(F, BillingAccountId="other"), "InvoiceId"),
    "a sub account without type": (setting(U, SubAccountType=""), "SubAccountType"),
    "a committed price": (setting(U, PricingCategory="Committed"), "PricingCategory"),
    "missing column": (lambda rows, columns: columns.remove("BilledCost"), "BilledCost"),
    "missing conditional column": (lambda rows, columns: columns.remove("SkuId"), "SkuId"),
    "a column twice": (lambda rows, columns: columns.append("BilledCost"), "BilledCost"),
    "custom column without prefix": (renaming("x_Purpose", "Purpose"), "Purpose"),
    "custom column in front": (
        lambda rows, columns: columns.insert(0, columns.pop(columns.index("x_Purpose"))),
        "columns",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_rules_find_what_is_broken(name):
    change, column = BREAKS[name]
    found = broken(change)
    assert any(column in problem.split(": ")[1:2] for problem in found), found


def test_the_rules_find_a_field_too_many():
    assert violations(written(USAGE).strip() + ",x\r\n") == [
        "2: row: another number of fields than columns"
    ]


@pytest.mark.parametrize("column", sorted(NEVER_NULL))
def test_the_rules_find_each_null_that_must_not_be(column):
    found = broken(setting(U, **{column: ""}))
    assert any(problem.startswith(f"2: {column}: ") for problem in found)


@pytest.mark.parametrize("column", sorted(ALLOWED))
def test_the_rules_know_the_allowed_values(column):
    found = broken(setting(U, **{column: "Fabled"}))
    assert f"2: {column}: Fabled is no allowed value" in found


def test_what_is_written_is_read_back_as_a_cost_export():
    text = written(USAGE, FEE, CREDIT)
    imported = read_costs(text.encode())
    assert imported.variant == "FOCUS 1.2"
    (day,) = imported.days
    assert (day.day, day.resource_id, day.quantity, day.cost, day.currency) == (
        USAGE.day,
        RESOURCE,
        1234,
        Decimal("2.468"),
        "USD",
    )


MONEY = st.decimals(0, 10**6, places=9)
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"])
# Somebody may be called so, but the rules take it for a null in words.
NULLS = ("null", "n/a", "none", "not applicable")
NAMES = st.text(LETTERS, min_size=1).filter(lambda name: name.lower() not in NULLS)


@st.composite
def charges(draw):
    usage = replace(
        USAGE,
        account_name=draw(NAMES),
        currency=draw(st.sampled_from(["USD", "EUR", "CHF"])),
        day=APRIL.start.date() + timedelta(days=draw(st.integers(0, 29))),
        quantity=Decimal(draw(st.integers(0, 10**9))),
        unit_price=draw(MONEY),
        list_price=draw(st.none() | MONEY),
        tenant=draw(st.sampled_from(["", USAGE.tenant])),
        resource=draw(st.sampled_from(["", RESOURCE])),
    )
    amount = {"quantity": None, "unit_price": None, "list_price": None, "amount": -draw(MONEY)}
    return draw(
        st.sampled_from(
            [
                usage,
                replace(usage, category=Category.PURCHASE),
                replace(usage, day=date(2026, 3, 1), corrects_invoiced=True, **amount),
                replace(usage, category=Category.ADJUSTMENT, **amount),
                replace(usage, category=Category.TAX, **amount),
            ]
        )
    )


@given(st.lists(charges(), max_size=5))
def test_any_charges_keep_the_rules(many):
    assert violations(written(*many)) == []
