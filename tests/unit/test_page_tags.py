"""How pages word jobs, operations and costs."""

from decimal import Decimal

import pytest
from django.template import Context, RequestContext, Template
from django.test import RequestFactory

from billing.domain.pricing import Cost
from billing.templatetags.billing_ui import billing_rule, purpose_words
from billing.views.costs import _few
from msp_portal.templatetags.portal_ui import NOTHING, amounts
from provisioning.models import Job, Operation
from provisioning.scim.messages import Purpose
from provisioning.templatetags import provisioning_ui as tags

TITLE = "title"
NICKNAME = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:mailNickname"


def test_differences_are_labelled_ordered_and_in_words() -> None:
    operation = Operation(
        before={TITLE: "Analyst", "active": True, "userName": "a@x.example"},
        after={NICKNAME: "b", TITLE: None, "active": False, "userName": "b@x.example"},
    )
    assert tags.differences(operation, frozenset()) == [
        ("User name", "a@x.example", "b@x.example"),
        ("Active", "Yes", "No"),
        ("Job title", "Analyst", None),
        ("Mail nickname", None, "b"),
    ]


def test_redacted_values_are_hidden_on_both_sides_and_absent_ones_stay_absent() -> None:
    operation = Operation(before={TITLE: "Analyst"}, after={TITLE: "Baker", NICKNAME: "b"})
    assert tags.differences(operation, frozenset({TITLE, NICKNAME})) == [
        ("Job title", "[Redact]", "[Redact]"),
        ("Mail nickname", None, "[Redact]"),
    ]


def test_a_day_is_shown_without_its_midnight_and_an_instant_with_its_time() -> None:
    operation = Operation(before={"x": "2020-01-02T00:00:00Z"}, after={"x": "2020-01-02T08:30:00Z"})
    assert tags.differences(operation, frozenset()) == [("x", "2020-01-02", "2020-01-02T08:30:00Z")]


@pytest.mark.parametrize(
    ("fields", "step", "stopped"),
    [
        ({"state": "planning"}, "plan", False),
        ({"state": "stopped"}, "plan", True),  # by the guard
        ({"state": "failed"}, "plan", True),  # no price
        ({"state": "planned", "planned_at": 1}, "approve", False),
        ({"state": "cancelled", "planned_at": 1}, "approve", True),  # instead of approved
        ({"state": "applying", "planned_at": 1, "approved_at": 1}, "apply", False),
        ({"state": "cancelled", "planned_at": 1, "approved_at": 1}, "apply", True),
        ({"state": "finished", "planned_at": 1}, "done", False),  # nothing to change
    ],
)
def test_a_job_stands_at_the_step_it_reached(
    fields: dict[str, object], step: str, stopped: bool
) -> None:
    assert tags.place(Job(**fields)) == (step, stopped)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "planning"}, ""),
        ({"state": "planned", "planned_calls": 1200}, "1,200 changes planned"),
        ({"state": "planned", "planned_calls": 1}, "1 change planned"),
        ({"state": "finished"}, "nothing to change"),
        ({"state": "finished", "created": 1200, "failed": 3}, "1,200 created, 3 failed"),
        ({"state": "cancelled"}, ""),  # before anything was sent
        ({"state": "cancelled", "disabled": 2, "skipped": 5}, "2 disabled, 5 not applied"),
    ],
)
def test_a_job_is_told_in_a_few_words(fields: dict[str, object], words: str) -> None:
    assert tags.result(Job(**fields)) == words


def test_only_a_finished_job_with_failures_has_another_badge() -> None:
    assert tags.job_state(Job(state="finished", failed=1)) == "finished_with_failures"
    assert tags.job_state(Job(state="finished")) == "finished"
    assert tags.job_state(Job(state="applying", failed=1)) == "applying"


def test_a_failed_mapping_names_attributes_for_people() -> None:
    message = f"{NICKNAME}: column nick: is empty; {TITLE}: too long; something else: kept"
    assert tags.labelled(message) == (
        "Mail nickname: column nick: is empty; Job title: too long; something else: kept"
    )


def test_a_path_may_break_after_its_colons_and_is_escaped() -> None:
    assert tags.breakable("a:<b>") == "a:<wbr>&lt;b&gt;"


@pytest.mark.parametrize(
    ("share", "text"), [("0.4710", "47.1 %"), ("0.1000", "10 %"), ("1.0000", "100 %")]
)
def test_shares_are_per_cent(share: str, text: str) -> None:
    assert tags.percent(share) == text


def test_calls_without_a_price_have_no_cost() -> None:
    assert tags.times(3, None) is None
    assert tags.times(3, Decimal("0.002")) == Decimal("0.006")


def test_amounts_are_shown_per_currency_and_nothing_is_a_dash() -> None:
    assert amounts(Cost()) == NOTHING
    cost = Cost(amounts={"USD": Decimal("2.402"), "EUR": Decimal("0.002")})
    assert amounts(cost) == "USD 2.40, EUR 0.002"


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_has_words(purpose: Purpose) -> None:
    assert purpose_words(purpose) != purpose.value.capitalize()


def test_unknown_purposes_and_rules() -> None:
    assert purpose_words("house_call") == "House call"
    assert billing_rule("2xx+404") == "2xx and 404"


def test_a_page_link_keeps_what_else_was_asked_for() -> None:
    request = RequestFactory().get("/", {"q": "a&b", "page": "2", "held": "1"})
    template = Template('{% load portal_ui %}{% page_query 3 "held" "list" %}')
    assert template.render(RequestContext(request)) == "?q=a%26b&amp;page=2&amp;held=3#list"


def test_a_fragment_is_trimmed_and_escaped_once() -> None:
    text = "{% load portal_ui %}{% fragment as x %}\n {{ name }} {% endfragment %}[{{ x }}]"
    assert Template(text).render(Context({"name": "A & B"})) == "[A &amp; B]"


def test_small_series_of_a_chart_are_summed_up_when_colours_run_out() -> None:
    series = {f"c{number}": [Decimal(number), Decimal(1)] for number in range(1, 9)}
    shown = _few(series)
    assert [name for name, _ in shown] == ["c4", "c5", "c6", "c7", "c8", "Others"]
    assert shown[-1][1] == [Decimal(6), Decimal(3)]
    assert _few(dict(list(series.items())[:6])) == list(series.items())[:6]
