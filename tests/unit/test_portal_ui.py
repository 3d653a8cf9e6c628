"""Amounts, numbers, times, icons, states and steps as templates show them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.template import engines
from hypothesis import given
from hypothesis import strategies as st

from msp_portal.icons import ICONS
from msp_portal.templatetags import portal_ui

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("2.4"), "USD 2.40"),
        (Decimal("0.002"), "USD 0.002"),  # below 1.00 with all decimals
        (Decimal("0.002000"), "USD 0.002"),  # as a database column pads it
        (Decimal("0.5"), "USD 0.50"),  # at least two decimals
        (Decimal("0.999999"), "USD 0.999999"),  # never rounded up to 1.00
        (Decimal("1.005"), "USD 1.01"),  # half-up, not to even
        (Decimal("12345.678"), "USD 12,345.68"),
        (Decimal("1E+3"), "USD 1,000.00"),
        (Decimal("1E-7"), "USD 0.0000001"),
        (Decimal("-0.002"), "USD -0.002"),  # a correction
        (0, "USD 0.00"),
        (Decimal("0E+3"), "USD 0.00"),
        (None, "\u2013"),
    ],
)
def test_amounts(value: object, shown: str) -> None:
    assert portal_ui.money(value) == shown


@given(st.decimals("-0.999999", "0.999999", places=6))
def test_an_amount_below_one_loses_nothing(value: Decimal) -> None:
    assert Decimal(portal_ui.money(value).removeprefix("USD ")) == value


def test_an_amount_may_have_another_currency() -> None:
    assert portal_ui.money(Decimal(3), "EUR") == "EUR 3.00"


@pytest.mark.parametrize("show", [portal_ui.money, portal_ui.number])
@pytest.mark.parametrize("value", [0.1, True, [1]])
def test_what_is_not_exact_is_refused(show: object, value: object) -> None:
    with pytest.raises(TypeError):
        show(value)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (12400, "12,400"), (Decimal("1200.5"), "1,200.5"), (Decimal("1E+4"), "10,000"),
     (None, "\u2013")],
)  # fmt: skip
def test_numbers(value: object, shown: str) -> None:
    assert portal_ui.number(value) == shown


def test_an_instant_is_shown_in_utc_whatever_its_zone() -> None:
    summer = timezone(timedelta(hours=2))
    assert portal_ui.utc(datetime(2026, 7, 1, 16, 5, 9, tzinfo=summer)) == (
        '<time datetime="2026-07-01T14:05:09Z" title="2026-07-01 14:05:09 UTC">'
        "1 Jul 2026, 14:05 UTC</time>"
    )


def test_a_day_has_no_hour() -> None:
    assert portal_ui.utc(date(2026, 7, 1)) == '<time datetime="2026-07-01">1 Jul 2026</time>'


@pytest.mark.parametrize("show", [portal_ui.utc, portal_ui.ago])
def test_a_time_without_a_zone_is_refused(show: object) -> None:
    with pytest.raises(ValueError, match="time zone"):
        show(datetime(2026, 7, 1))  # type: ignore[operator] # noqa: DTZ001
    assert show(None) == "\u2013"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (timedelta(seconds=44), "just now"),
        (timedelta(seconds=45), "1 minute ago"),  # not "0 minutes"
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),  # rounded down
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(days=2, hours=23), "2 days ago"),
        (timedelta(minutes=-5), "in 5 minutes"),  # a scheduled run
        (timedelta(days=30), "1 Jun 2026"),  # from here the day says more
    ],
)
def test_relative_times(gone: timedelta, words: str) -> None:
    shown = portal_ui.ago(NOON - gone, NOON)
    assert f">{words}</time>" in shown
    assert "UTC" in shown  # the exact instant is the title


def test_a_labelled_icon_speaks_and_a_bare_one_is_silent() -> None:
    assert 'role="img" aria-label="Done &amp; dusted"' in portal_ui.icon("check", "Done & dusted")
    assert 'aria-hidden="true"' in portal_ui.icon("check")
    with pytest.raises(KeyError):
        portal_ui.icon("no-such-icon")


def test_every_state_has_words_a_known_tone_and_a_drawn_icon() -> None:
    for states in portal_ui.STATUSES.values():
        for shown in states.values():
            assert shown.label
            assert shown.tone in portal_ui.TONE_ICONS
            assert shown.icon in ICONS
    assert set(portal_ui.TONE_ICONS.values()) <= set(ICONS)


def test_an_unknown_state_is_shown_by_its_own_words() -> None:
    assert portal_ui.status("job", "half_way") == ("Half way", "neutral", "circle")


@pytest.mark.parametrize(
    ("current", "stopped", "states"),
    [
        ("read", False, ["current", "ahead", "ahead", "ahead", "ahead"]),
        ("approve", False, ["done", "done", "current", "ahead", "ahead"]),
        ("plan", True, ["done", "stopped", "ahead", "ahead", "ahead"]),
        ("done", False, ["done"] * 5),
    ],
)
def test_steps(current: str, stopped: bool, states: list[str]) -> None:
    assert [step.state for step in portal_ui.steps(current, "", stopped)] == states


def test_a_component_sees_its_parameters_and_contents_only() -> None:
    source = (
        '{% load portal_ui %}{% component "card" title=outer %}<b>{{ outer }}</b>{% endcomponent %}'
    )
    html = engines["django"].from_string(source).render({"outer": "A & B", "id": "leaks"})
    assert "<h2>A &amp; B</h2>" in html
    assert "<b>A &amp; B</b>" in html
    assert "leaks" not in html


def test_a_trail_ends_with_this_page() -> None:
    source = '{% load portal_ui %}{% breadcrumb "Customers" "/customers/" "Birch" %}'
    html = engines["django"].from_string(source).render({})
    assert '<a href="/customers/">Customers</a>' in html
    assert '<span aria-current="page">Birch</span>' in html
