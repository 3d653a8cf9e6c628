"""Every rule of docs/entra-rules.md, shown by raw HTTP requests to a sandbox of their own."""

from collections import Counter
from dataclasses import asdict

import pytest

from msp_portal.sandbox.switches import Switches
from tests.contract.rules import (
    section_1,
    section_2_3,
    section_4,
    section_5_attributes,
    section_5_create,
    section_5_custom,
    section_5_filters,
    section_5_lists,
    section_5_patch,
    section_6,
    section_6_members,
    section_7,
    section_8,
    section_9,
    section_10,
)
from tests.contract.rules.document import MARKS, TWO_SIDED, Rule, read_rules
from tests.contract.rules.rows import Row
from tests.contract.rules.world import World
from tests.support.sandbox import RunningSandbox

_SECTIONS = (
    section_1, section_2_3, section_4, section_5_create, section_5_attributes, section_5_custom,
    section_5_patch, section_5_lists, section_5_filters, section_6, section_6_members, section_7,
    section_8, section_9, section_10,
)  # fmt: skip
ROWS: list[Row] = [each for section in _SECTIONS for each in section.ROWS]
RULES: list[Rule] = read_rules()
SWITCHED = [rule for rule in RULES if rule.switch]


@pytest.mark.parametrize("row", ROWS, ids=[f"{each.rule} {each.what}" for each in ROWS])
def test_the_sandbox_keeps(sandbox: RunningSandbox, row: Row) -> None:
    assert World(sandbox, row).play() == []


def test_every_rule_has_a_row_and_every_row_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = [rule.number for rule in RULES]
    shown = Counter(each.rule for each in ROWS)
    with capsys.disabled():
        print(f"\nentra rules: {len(numbers)} rules, {len(ROWS)} rows")
    assert [number for number, times in Counter(numbers).items() if times > 1] == []
    assert [number for number in numbers if not shown[number]] == []
    assert sorted(set(shown) - set(numbers)) == []


def test_rules_are_marked_and_what_has_two_sides_names_its_switch() -> None:
    assert [rule.number for rule in RULES if rule.mark not in MARKS] == []
    assert [r.number for r in RULES if r.mark in TWO_SIDED and r.switch is None] == []


@pytest.mark.parametrize("rule", SWITCHED, ids=[rule.number for rule in SWITCHED])
def test_a_rule_with_two_sides_is_shown_on_each(rule: Rule) -> None:
    assert rule.switch is not None
    assert asdict(Switches())[rule.switch.name] == rule.switch.default
    name, usual = rule.switch.name, rule.switch.default
    shown = {each.switches.get(name, usual) for each in ROWS if each.rule == rule.number}
    assert shown == {usual, *rule.switch.others}
