"""Filters hold any value without ending early."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.scim.filters import eq


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("userName", "ann@b.example", 'userName eq "ann@b.example"'),
        ("externalId", "007", 'externalId eq "007"'),  # a text, not a number
        ("userName", "o'brien@b.example", 'userName eq "o\'brien@b.example"'),
        ("userName", 'a"b', r'userName eq "a\"b"'),
        ("userName", "a\\", r'userName eq "a\\"'),  # else the closing quote would be escaped
        ("userName", '" or userName ne "', r'userName eq "\" or userName ne \""'),
        ("userName", "Zoë", 'userName eq "Zoë"'),
        ("userName", "a\x00b\nc", r'userName eq "a\u0000b\nc"'),  # RFC 8259, 7
        ("userName", "", 'userName eq ""'),
    ],
)
def test_values_are_quoted_as_json(attribute, value, expected):
    assert eq(attribute, value) == expected


@given(st.text())
def test_every_value_is_read_back_as_it_was(value):
    start, _, quoted = eq("externalId", value).partition(" eq ")
    assert start == "externalId"
    assert json.loads(quoted) == value
