"""A small profile with joiners and leavers, for tests of what becomes of them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from provisioning.domain.attributes import ACTIVE, ENTRA, MAIL_NICKNAME

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LEAVE_DATE = f"{ENTRA}:employeeLeaveDateTime"
FULL: dict[str, Any] = {
    "start": {"column": "hire", "days_before": 7},
    "last_day": {"column": "leave"},
    "leavers": [
        {"after_days": 0, "do": "disable"},
        {"after_days": 0, "do": "set", "target": LEAVE_DATE, "expression": "[leaver.last_day]"},
        {"after_days": 1, "do": "set", "target": "title", "constant": "Has left"},
        {"after_days": 2, "do": "remove_from_groups"},
        {"after_days": 5, "do": "set", "target": "userType", "expression": "[note]"},
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
