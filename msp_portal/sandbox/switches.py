"""Settings of one directory: where sources about the service disagree, and what tests need.

Each default is what the fact sheet names as documented or said; the other side can be chosen.
"""

import re
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Json


@dataclass(frozen=True, slots=True)
class Switches:
    """Switches of one directory; statuses are HTTP statuses, times are seconds."""

    feature_off_status: int = 400  # 401: the older form
    accept_required: bool = True
    delete_refuses_json_accept: bool = True
    put_status: int = 405
    discovery_list_key: str = "resources"  # or "Resources"
    mail_nickname_required: bool = False  # true: before August 2026
    duplicate_status: int = 409  # or 400
    count_zero_status: int = 400  # or 200: an empty page
    non_guid_status: int = 400  # or 404
    member_add_unknown_status: int = 400  # or 404
    country_attribute: str = "country"  # or "country/region"
    verified_domains_enforced: bool = True
    password_policy: bool = True
    soft_delete_days: float = 30.0  # how long a deleted user's name stays taken
    billing_rule: str = "2xx+404"  # or "all"
    unit_price: str = "0.002"  # of one billable request, decimal text
    billing_currency: str = "USD"
    read_lag_seconds: float = 0.0
    token_lifetime_seconds: int = 3599
    throttle: bool | None = None  # None: as the server was started
    throttle_scale: float = 1.0  # how many times faster the quotas' clock runs
    throttle_quota: float = 1.0  # factor on the size of every quota
    throttle_start: str = "full"  # or "empty": how an application's first bucket begins
    throttle_other_share: float = 0.0  # share of the rate that somebody else takes, below 1
    retry_after_form: str = "usual"  # or "seconds", "fraction", "date", "none"
    licensed: bool = True  # Entra ID P1 or what contains it
    custom_security_unknown_status: int = 400  # or 404: an undefined set or attribute
    last_page_total: bool = False  # the last of several pages carries totalResults
    manager_at_creation: bool = True  # false: a creation that names a manager is refused

    def billable(self, status: int) -> bool:
        """Whether a request answered with `status` is billed; 0: cut before it was worked on."""
        if self.billing_rule == "all":
            return status != 0
        return 200 <= status < 300 or status == 404


_HINTS = get_type_hints(Switches)
_NAMES = tuple(each.name for each in fields(Switches))
CHOICES: dict[str, tuple[Any, ...]] = {
    "feature_off_status": (400, 401),
    "put_status": (405, 404, 400, 501),
    "discovery_list_key": ("resources", "Resources"),
    "duplicate_status": (409, 400),
    "count_zero_status": (400, 200),
    "non_guid_status": (400, 404),
    "member_add_unknown_status": (400, 404),
    "country_attribute": ("country", "country/region"),
    "billing_rule": ("2xx+404", "all"),
    "throttle_start": ("full", "empty"),
    "retry_after_form": ("usual", "seconds", "fraction", "date", "none"),
    "custom_security_unknown_status": (400, 404),
}
_FORMS = {
    "unit_price": re.compile(r"[0-9]{1,6}(\.[0-9]{1,10})?"),
    "billing_currency": re.compile(r"[A-Z]{3}"),
}


def parse_switches(given: Json) -> Switches:
    """Switches from JSON; ControlError 400 for an unknown name or a value of the wrong kind."""
    for name, value in given.items():
        if name not in _NAMES:
            raise ControlError(400, f"Unknown setting {name!r}. Known: {', '.join(_NAMES)}.")
        if not _fits(name, value):
            raise ControlError(400, f"Setting {name!r} cannot be {value!r}.")
    if given.get("throttle_other_share", 0) >= 1:
        raise ControlError(400, "Setting 'throttle_other_share' must be below 1.")
    return Switches(**given)


def _fits(name: str, value: Any) -> bool:
    if name in CHOICES:
        return value in CHOICES[name]
    if name in _FORMS:
        return isinstance(value, str) and bool(_FORMS[name].fullmatch(value))
    hint = _HINTS[name]
    allowed = get_args(hint) or (hint,)
    if isinstance(value, bool):
        return bool in allowed
    if isinstance(value, int) and float in allowed:
        return value >= 0
    return isinstance(value, allowed) and (not isinstance(value, int | float) or value >= 0)
