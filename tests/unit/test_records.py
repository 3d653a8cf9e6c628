"""Keys: kept as written, compared without case, distrusted when they look damaged."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.records import KEY_LIMIT, clean_key, fold_key, key_damage


@pytest.mark.parametrize(
    ("text", "clean", "folded"),
    [
        ("0042", "0042", "0042"),  # leading zeros are part of the key
        (" \t0042\u00a0", "0042", "0042"),  # white space around it is not, no-break space included
        ("A-17b", "A-17b", "a-17b"),  # shown as written, compared without case
        ("STRASSE", "STRASSE", "strasse"),
        ("Straße", "Straße", "strasse"),  # full case folding
        ("Zoe\u0308", "Zoe\u0308", "zo\u00eb"),  # composed and decomposed are one key
        ("Σας", "Σας", "\u03c3\u03b1\u03c3"),  # final sigma
        ("12 34", "12 34", "12 34"),  # inner spaces stay
    ],
)
def test_a_key_is_kept_as_written_and_compared_without_case(text, clean, folded):
    assert clean_key(text) == clean
    assert fold_key(text) == folded


def test_keys_that_differ_in_leading_zeros_are_two_keys():
    assert fold_key("042") != fold_key("42")


@given(st.text())
def test_folding_is_stable_and_blind_to_case_and_composition(text):
    folded = fold_key(text)
    assert fold_key(folded) == folded
    assert fold_key(f"  {text}\n") == folded
    assert fold_key(unicodedata.normalize("NFD", text)) == folded
    assert fold_key(text.casefold()) == folded


@pytest.mark.parametrize(
    "key",
    [
        "1.23E+05",  # a spreadsheet rounded a long number
        "1,23E+05",  # the same with a decimal comma
        "4E+11",
        "-1.5e-07",
        "#REF!",
        "#N/A",
        "#name?",
        "#NV",  # German for #N/A
        "#####",  # the column was too narrow when it was exported
        "12\ufffd4",  # a character was lost in an earlier conversion
        "12\n34",
        "12\x0734",
        "12\u200b34",  # zero width space
        "\ufeff1234",  # a byte order mark in the middle of a joined file
        "9" * (KEY_LIMIT + 1),
        "ß" * (KEY_LIMIT - 1),  # folds to twice its length
    ],
)
def test_a_damaged_key_is_told(key):
    damage = key_damage(key)
    assert damage
    assert key not in damage


@pytest.mark.parametrize(
    "key",
    ["0042", "A-17", "12E5", "1E12", "#1234", "E+05", "münch.zoë", "12 34", "a@b.example", "中文"],
)
def test_an_ordinary_key_is_trusted(key):
    assert key_damage(key) is None
