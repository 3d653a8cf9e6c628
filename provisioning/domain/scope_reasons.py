"""Why a record is in a profile's scope or not: the conditions that decided; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from provisioning.domain.scope import Condition, Group, Part, Reference, Rules, compile_scope


@dataclass(frozen=True, slots=True)
class Reason:
    """A condition that decided, whether it holds, and the named rule it stands in ("": none)."""

    condition: Condition
    holds: bool
    rule: str = ""


def deciding(
    part: Part, rules: Rules, record: Mapping[str, str], today: date, rule: str = ""
) -> tuple[bool, list[Reason]]:
    """Whether the part holds, and the conditions without which it would not be so.

    Of "all", the first that fails decides, or every one; of "any", the first that holds, or every
    one. Raises UnreadableError.
    """
    if isinstance(part, Condition):
        holds = compile_scope(part, rules)(record, today)
        return holds, [Reason(part, holds, rule)]
    if isinstance(part, Reference):
        return deciding(rules[part.rule], rules, record, today, part.rule)
    return _group(part, rules, record, today, rule)


def _group(
    group: Group, rules: Rules, record: Mapping[str, str], today: date, rule: str
) -> tuple[bool, list[Reason]]:
    all_reasons: list[Reason] = []
    for each in group.parts:
        holds, reasons = deciding(each, rules, record, today, rule)
        if holds is not group.every:
            return holds, reasons
        all_reasons += reasons
    return group.every, all_reasons
