"""The pure parts of the sandbox's control page and cost export."""

from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msp_portal.sandbox.costs import month_of
from msp_portal.sandbox.page.html import Markup, element
from msp_portal.sandbox.page.notes import Note, Notes
from msp_portal.sandbox.page.words import address, count, money
from msp_portal.sandbox.switches import parse_switches

# A parser turns NUL and lone carriage returns into something else; both are harmless in HTML.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))


class _Seen(HTMLParser):
    """Elements, attribute values and text of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str | None] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(TEXT, TEXT)
def test_text_stays_text_and_attributes_stay_attributes(text: str, value: str) -> None:
    seen = _Seen()
    seen.feed(element("p", text, [text], title=value))
    seen.close()
    assert (seen.tags, seen.values, seen.text) == (["p"], [value], text + text)


def test_markup_is_left_alone_and_attributes_can_be_left_out() -> None:
    inner = element("br")
    shown = element(
        "p", inner, 7, None, hidden=True, title=None, id=False, for_="x", aria_label="y"
    )
    assert shown == '<p hidden for="x" aria-label="y"><br>7</p>'
    assert isinstance(shown, Markup)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "USD 0.00"),
        ("0.002", "USD 0.002"),
        ("0.010", "USD 0.01"),
        ("0.9999", "USD 0.9999"),
        ("1.005", "USD 1.01"),  # half up
        ("1234567.891", "USD 1,234,567.89"),
    ],
)
def test_money_is_rounded_from_one_on(amount: str, shown: str) -> None:
    assert money(Decimal(amount), "USD") == shown


def test_counts_have_their_word() -> None:
    assert [count(n, "call") for n in (0, 1, 1605)] == ["0 calls", "1 call", "1,605 calls"]
    assert count(2, "person", "people") == "2 people"


def test_an_address_escapes_its_parts() -> None:
    assert address("a/b", "ü?", q="x&y", page=1) == "/_sandbox/page/a%2Fb/%C3%BC%3F?q=x%26y"


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(9000, 1, 1)))
def test_a_month_begins_on_its_first_and_ends_before_the_next(day: date) -> None:
    first, last = month_of(day)
    assert first <= day <= last
    assert first.day == 1
    assert (date.fromordinal(last.toordinal() + 1)).day == 1
    assert (first.year, first.month) == (last.year, last.month)


@given(
    st.decimals(min_value=0, max_value=999999, places=10, allow_nan=False),
    st.integers(min_value=0, max_value=10**11),
)
def test_a_cost_is_exact(price: Decimal, quantity: int) -> None:
    text = f"{price:f}"
    parsed = parse_switches({"unit_price": text}).unit_price
    cents = int(text.replace(".", ""))  # of 10^-10
    assert int(f"{quantity * Decimal(parsed):f}".replace(".", "")) == quantity * cents


def test_notes_are_given_once_and_the_oldest_make_room() -> None:
    notes = Notes()
    keys = [notes.put(Note(str(n))) for n in range(101)]
    assert notes.take(keys[0]) is None
    assert notes.take(keys[100]) == Note("100")
    assert notes.take(keys[100]) is None
