"""A small profile with joiners and leavers, for tests of what becomes of them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from provisioning.domain.attributes import ACTIVE, ENTRA, MAIL_NICKNAME

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LEAVE_DATE = f"{ENTRA}:employeeLeaveDateTime"
OFFICE = f"{ENTRA}:officeLocation"
FULL: dict[str, Any] = {
    "start": {"column": "hire", "days_before": 7},
    "last_day": {"column": "leave"},
    "leavers": [
        {"after_days": 0, "do": "disable"},
        {"after_days": 0, "do": "set", "target": LEAVE_DATE, "expression": "[leaver.last_day]"},
        {"after_days": 1, "do": "set", "target": "title", "constant": "Has left"},
        {"after_days": 2, "do": "remove_from_groups"},
        {"after_days": 5, "do": "set", "target": OFFICE, "expression": "[note]"},
        {"after_days": 30, "do": "clear", "target": "title"},
        {"after_days": 90, "do": "delete"},
    ],
    "way_in": "temporary_access_pass",
}


def profile_data(lifecycle: Any = None, rules: Iterable[Any] = (), **frame: Any) -> dict[str, Any]:
    """A definition whose people have an id, a name, a status and perhaps a title."""
    return {
        "key_column": "id",
        **({} if lifecycle is None else {"lifecycle": lifecycle}),
        **frame,
        "attributes": [
            {"target": "userName", "expression": 'Append([id], "@a.example")'},
            {"target": "displayName", "column": "name"},
            {"target": "name.givenName", "column": "name"},
            {"target": "name.familyName", "column": "name"},
            {"target": MAIL_NICKNAME, "column": "id"},
            {"target": "title", "column": "title"},
            {"target": "preferredLanguage", "constant": "sv", "when": "create"},
            *([] if any(each["target"] == ACTIVE for each in rules) else [_ACTIVE]),
            *rules,
        ],
    }


_ACTIVE = {"target": ACTIVE, "column": "status"}


@st.composite
def lifecycles(draw: st.DrawFn) -> dict[str, Any]:
    """Any entry that a definition may have, in the form in which it is written."""
    word = st.text("abcXYZ äö_", min_size=1, max_size=8).map(str.strip).filter(bool)
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        early = draw(st.integers(0, 30))
        found["start"] = {"column": draw(word), **({"days_before": early} if early else {})}
    if draw(st.booleans()):
        found["last_day"] = draw(
            st.sampled_from([{"column": "leave"}, {"expression": "Left([leave],\n10)"}])
        )
    steps = draw(st.lists(st.sampled_from(FULL["leavers"][:-1]), unique_by=str, max_size=6))
    if {"after_days": 0, "do": "disable"} in steps and draw(st.booleans()):
        steps.append({"after_days": draw(st.integers(30, 90)), "do": "delete"})
    sets_or_maps = {step.get("target") for step in steps if step["do"] == "set"} | {"title"}
    steps = [each for each in steps if each["do"] != "clear" or each["target"] in sets_or_maps]
    if steps:
        found["leavers"] = steps
    if draw(st.booleans()):
        way = st.sampled_from(["temporary_access_pass", "self_service_reset", "other: a letter"])
        found["way_in"] = draw(way)
    return found
