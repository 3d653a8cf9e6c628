"""The demo's exports are what they claim to be, judged by reading them back."""

import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msp_portal.demo.generator import (
    demo_customers,
    people_csv,
    people_profile,
    people_table,
)
from msp_portal.demo.names import plain
from msp_portal.demo.table import (
    FIVE,
    Expected,
    Fate,
    changed,
    damaged,
    with_duplicate_key,
    with_unreadable_key,
    without,
)
from provisioning.sources.base import present_keys
from provisioning.sources.csv_file import read_csv

CUSTOMERS = demo_customers()
FREIGHT, MACHINES, STUDIO = CUSTOMERS
each_customer = pytest.mark.parametrize("customer", CUSTOMERS, ids=lambda customer: customer.slug)


def read(table):
    return read_csv(io.BytesIO(table.to_bytes()), table.columns[table.fields.index("employee_id")])


def people_of(table):
    """Accepted rows by key, their values by field name."""
    field = dict(zip(table.columns, table.fields, strict=True))
    return {
        record.key: {field[column]: value for column, value in record.values.items()}
        for record in read(table).records()
    }


def user_name(person):
    return f"{plain(person['given_name'])}.{plain(person['family_name'])}"


def test_the_same_seed_gives_the_same_bytes():
    again = demo_customers()
    assert [customer.export() for customer in again] == [c.export() for c in CUSTOMERS]
    assert [customer.export() for customer in demo_customers(seed=1)] != [
        customer.export() for customer in CUSTOMERS
    ]
    assert people_csv(50, seed=4) == people_csv(50, seed=4)
    assert people_csv(50, seed=4) != people_csv(50, seed=5)


def test_the_three_customers_have_1605_rows_and_known_outcomes():
    assert [customer.expected for customer in CUSTOMERS] == [
        Expected(1200, people_read=1200, refused=0, held=0, created=1200, skipped_inactive=0),
        Expected(320, people_read=310, refused=10, held=18, created=288, skipped_inactive=14),
        Expected(85, people_read=85, refused=0, held=0, created=85, skipped_inactive=0),
    ]


@each_customer
def test_the_reader_accepts_and_refuses_what_was_promised(customer):
    reading = read(customer.table)
    assert reading.people == customer.expected.people_read
    assert len(reading.refused) == customer.expected.refused
    assert reading.columns == customer.table.columns
    assert reading.encoding == customer.table.encoding
    assert reading.delimiter == customer.table.delimiter


@each_customer
def test_the_rows_that_were_read_meet_their_fates(customer):
    people = people_of(customer.table)
    complete = {
        key: person
        for key, person in people.items()
        if person["given_name"]
        and person["family_name"]
        and re.fullmatch(r"|\d{4}-(0[1-9]|1[0-2])-[0-3]\d", person["hire_date"])
        and person["hire_date"] != "2023-02-29"
    }
    assert len(people) - len(complete) == customer.expected.held - customer.expected.refused
    inactive = [key for key, person in complete.items() if person["status"].startswith("in")]
    assert sorted(inactive) == sorted(customer.table.keys(Fate.SKIPPED))
    assert sorted(complete.keys() - set(inactive)) == sorted(customer.table.keys())


@each_customer
def test_user_names_are_unique_and_plain(customer):
    people = [person for person in people_of(customer.table).values() if person["given_name"]]
    names = [user_name(person) for person in people if person["family_name"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z-]+\.[a-z-]+", name) and len(name) <= 64 for name in names)


@each_customer
def test_telephone_numbers_are_from_ranges_kept_for_fiction(customer):
    fiction = (
        r"\+44 (20 7946|161 496|113 496) 0\d{3}|\+49 (30 23125|40 66969|221 4710) \d{3}"
        r"|\+33 (1 99 00|2 61 91) \d{4}|"
    )
    people = people_of(customer.table).values()
    assert all(re.fullmatch(fiction, person["phone"]) for person in people)


def test_the_dirty_export_holds_every_kind_of_dirt():
    codes = [row.code for row in read(MACHINES.table).refused]
    assert sorted(codes) == ["duplicate_key"] * 7 + ["no_key"] + ["too_many_fields"] * 2
    people = people_of(MACHINES.table)
    assert any(key.startswith("0") and key.lstrip("0") in people for key in people)
    managers = {person["manager_id"] for person in people.values()} - {""}
    assert any(manager.startswith("9") and manager not in people for manager in managers)
    assert any("\n" in person["note"] for person in people.values())
    assert any(
        plain(person["family_name"]) != person["family_name"].lower() for person in people.values()
    )
    raw = MACHINES.export()
    assert b";  " in raw
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")


def test_the_third_customer_has_two_departments():
    assert len({person["department"] for person in people_of(STUDIO.table).values()}) == 2


@each_customer
def test_a_profile_is_json_and_names_columns_of_its_export(customer):
    profile = json.loads(json.dumps(customer.profile))
    assert profile["key_column"] in customer.table.columns
    for attribute in profile["attributes"]:
        text = attribute.get("expression", "")
        named = [*re.findall(r"\[([^\]]+)\]", text), attribute.get("column")]
        assert {name for name in named if name} <= set(customer.table.columns)
    targets = [attribute["target"] for attribute in profile["attributes"]]
    assert len(set(targets)) == len(targets) == 14
    assert people_profile() == FREIGHT.profile


@each_customer
def test_ten_changed_rows_are_ten_people_three_of_them_in_five_attributes(customer):
    before, after = people_of(customer.table), people_of(changed(customer.table, 10))
    assert before.keys() == after.keys()
    differences = [
        {name for name in FIVE if person[name] != after[key][name]}
        for key, person in before.items()
        if person != after[key]
    ]
    assert sorted(map(len, differences)) == [1] * 7 + [5] * 3
    assert changed(customer.table, 10, seed=2) != changed(customer.table, 10, seed=3)


def test_more_changes_than_accounts_cannot_be_made():
    with pytest.raises(ValueError):
        changed(people_table(5), 6)


@settings(max_examples=30)
@given(st.integers(2, 60), st.data())
def test_exactly_the_wanted_number_of_rows_changes(count, data):
    table = people_table(count)
    wanted = data.draw(st.integers(0, count))
    five_each = data.draw(st.integers(0, wanted))
    after = changed(table, wanted, five_each=five_each, seed=data.draw(st.integers(0, 9)))
    differing = sum(a != b for a, b in zip(table.rows, after.rows, strict=True))
    assert differing == wanted


def test_people_can_be_left_out():
    gone = read(FREIGHT.table).keys - read(without(FREIGHT.table, 1)).keys
    assert len(gone) == 1


def test_a_doubled_key_leaves_both_rows_refused():
    reading = read(with_duplicate_key(STUDIO.table))
    assert [row.code for row in reading.refused] == ["duplicate_key"] * 2
    assert reading.people == 83


def test_an_unreadable_key_leaves_its_row_refused_without_a_key():
    reading = read(with_unreadable_key(STUDIO.table))
    assert [(row.key, row.code) for row in reading.refused] == [(None, "unreadable_key")]
    assert reading.people == 84


@each_customer
def test_the_damaged_file_has_half_of_its_people_and_both_kinds_of_bad_keys(customer):
    table = damaged(customer.table)
    reading = read(table)
    codes = {row.code for row in reading.refused}
    assert {"duplicate_key", "unreadable_key"} <= codes
    assert reading.people == table.expected().people_read
    missing = read(customer.table).keys - present_keys(reading)
    # The second of the doubled rows and the unreadable one lost their own keys.
    assert len(missing) == customer.expected.created // 2 + 2


def test_any_number_of_people_have_names_of_their_own():
    table = people_table(60_000)
    at = [table.fields.index(name) for name in ("employee_id", "given_name", "family_name")]
    rows = [tuple(row.values[index] for index in at) for row in table.rows]
    assert len({(plain(given), plain(family)) for _, given, family in rows}) == 60_000
    assert len({key for key, _, _ in rows}) == 60_000
    assert people_csv(0).count(b"\n") == 1


def test_a_table_can_be_written_in_any_dialect():
    small = people_table(30)
    tabs = replace(small, delimiter="\t", encoding="utf-16")
    assert people_of(tabs) == people_of(small)
