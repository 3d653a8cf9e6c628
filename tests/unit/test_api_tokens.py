"""Tokens of the API: enough of chance in them, and every slip of the pen is noticed."""

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from tenants.domain import api_tokens
from tenants.domain.api_tokens import PREFIX, is_well_formed, new_token

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_256_random_bits_behind_a_known_beginning() -> None:
    assert api_tokens._RANDOM * math.log2(len(LETTERS)) >= 256
    drawn = {new_token() for _ in range(500)}
    assert len(drawn) == 500
    assert all(re.fullmatch(r"mspapi_[0-9A-Za-z]{49}", token) for token in drawn)
    assert all(map(is_well_formed, drawn))
    # At each random place whatever letter there is may stand.
    for place in range(len(PREFIX), len(PREFIX) + api_tokens._RANDOM):
        assert len({token[place] for token in drawn}) > len(LETTERS) * 0.9


@given(st.integers(0, 55), st.sampled_from(LETTERS))
def test_another_letter_at_any_place_is_noticed(place: int, letter: str) -> None:
    token = new_token()
    changed = token[:place] + letter + token[place + 1 :]
    assert is_well_formed(changed) is (changed == token)


@given(st.integers(len(PREFIX), 54))
def test_two_letters_in_the_wrong_order_are_noticed(place: int) -> None:
    token = new_token()
    turned = token[:place] + token[place + 1] + token[place] + token[place + 2 :]
    assert is_well_formed(turned) is (turned == token)


@given(st.text())
def test_nothing_else_is_a_token(text: str) -> None:
    assert not is_well_formed(text)
    assert not is_well_formed(f"{PREFIX}{text}")
    assert not is_well_formed(f"{new_token()}{text or ' '}")
