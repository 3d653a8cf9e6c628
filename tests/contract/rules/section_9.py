"""Rows of section 9: throttling.

`throttle_quota` makes the buckets small and `throttle_scale` stops their clock, so that counting to
a limit takes a handful of requests and no time.
"""

from typing import Any

from tests.contract.rules.checks import ABSENT, Like, Within
from tests.contract.rules.rows import (
    ADA,
    READERS,
    Ask,
    Json,
    Later,
    Row,
    crowd,
    delete,
    get,
    id_of,
    join,
    patch,
    person,
    post,
    replace,
    row,
    team,
    usage,
)
from tests.contract.sandbox.helpers import user_body

_STILL = 1e-6
_ONE = f"/users/{id_of('p0000')}"
_HERE: Json = {"people": [person("ada")], "groups": [team("Readers")]}
_TITLE = replace("title", "x")
_ME = f"/users/{ADA}"


def _quota(size: float, scale: float = _STILL, **more: Any) -> Json:
    return {"throttle": True, "throttle_quota": size, "throttle_scale": scale, **more}


def _throttled(what: str, scope: str, **more: Any) -> Json:
    """Status and headers of a refusal."""
    answers = {
        "x-ms-throttle-information": what,
        "x-ms-throttle-scope": scope,
        "x-ms-throttle-limit-percentage": "1.0",
        "retry-after": Like(r"\d+(\.\d+)?"),
    }
    return {"status": 429, "answers": {**answers, **more}}


_UNITS, _WRITES = "ResourceUnitLimitExceeded", "WriteLimitExceeded"


def _far(what: str, kind: str) -> Json:
    """Headers of a refusal for what the application did in another tenant."""
    return {"answers": _throttled(what, f"Application/{kind}/{{app}}/{{abroad}}")["answers"]}


_HERE_UNITS = _throttled(_UNITS, "Tenant_Application/ReadWrite/{app}/{tenant}")
_HERE_WRITES = _throttled(_WRITES, "Tenant_Application/Write/{app}/{tenant}")


def _sized(rule: str, people: int, passing: int) -> Row:
    """So many single reads pass at a thousandth of the quota, and one more does not."""
    return row(
        rule,
        f"{people} users",
        get(_ONE, times=passing),
        get(_ONE, **_HERE_UNITS),
        people=crowd(people),
        switches=_quota(0.001),
    )


def _charged(what: str, ask: Ask, units: str) -> Row:
    answers = {"x-ms-resource-unit": units, "x-ms-throttle-limit-percentage": ABSENT}
    charged = Ask(
        method=ask.method,
        path=ask.path,
        status=ask.status,
        query=ask.query,
        body=ask.body,
        answers=answers,
    )
    return row(
        "9.10" if units == "1" and ask.query else "9.9", what, charged, **_HERE, switches=_quota(1)
    )


def _retry(form: str, pattern: Any) -> Row:
    """Six writes are allowed, and one more every 25 s."""
    switches = {"throttle": True, "throttle_quota": 0.002, "retry_after_form": form}
    return row(
        "9.13",
        form,
        patch(_ME, _TITLE, times=6),
        patch(_ME, _TITLE, status=429, answers={"retry-after": pattern}),
        **_HERE,
        switches=switches,
    )


ROWS: list[Row] = [
    _sized("9.1", 1, 3),
    _sized("9.1", 49, 3),
    _sized("9.2", 50, 5),
    _sized("9.2", 500, 5),
    _sized("9.3", 501, 8),
    row(
        "9.4",
        "3 at a thousandth",
        patch(_ME, _TITLE, times=3),
        patch(_ME, _TITLE, **_HERE_WRITES),
        **_HERE,
        switches=_quota(0.001),
    ),
    row(
        "9.4",
        "every kind of write",
        post("/users", user_body("bea"), keep={"bea": "id"}),
        patch(f"/groups/{READERS}", join(ADA)),
        delete("/users/{bea}"),
        delete(f"/groups/{READERS}", **_HERE_WRITES),
        **_HERE,
        switches=_quota(0.001),
    ),
    row(
        "9.4",
        "another application has its own",
        patch(_ME, _TITLE, times=3),
        patch(_ME, _TITLE, by="second"),
        **_HERE,
        switches=_quota(0.001),
    ),
    row(
        "9.4",
        "one more every 50 s",
        patch(_ME, _TITLE, times=3),
        patch(_ME, _TITLE, status=429),
        Later(51),
        patch(_ME, _TITLE),
        **_HERE,
        switches={"throttle": True, "throttle_quota": 0.001},
    ),
    row(
        "9.5",
        "15 at a ten-thousandth, used up elsewhere by lists",
        get("/users", times=7),
        get(f"/users/{ADA}"),
        get("/groups", 429, by="abroad", **_far(_UNITS, "ReadWrite")),
        **_HERE,
        switches=_quota(1),
        abroad=_quota(0.0001),
    ),
    row(
        "9.6",
        "3 at a ten-thousandth, used up elsewhere",
        patch(_ME, _TITLE, times=3),
        post("/users", user_body(), 429, by="abroad", **_far(_WRITES, "Write")),
        **_HERE,
        switches=_quota(1),
        abroad=_quota(0.0001),
    ),
    row(
        "9.7",
        "1 at a ten-thousandth, used up by another application",
        patch(_ME, _TITLE),
        patch(_ME, _TITLE, by="second", **_throttled(_WRITES, "Tenant/Write/{second}/{tenant}")),
        **_HERE,
        switches=_quota(0.0001),
    ),
    row(
        "9.8",
        "13 at a ten-thousandth, used up elsewhere",
        get(f"/users/{ADA}", times=13),
        get("/groups", 429, by="abroad", **_far(_UNITS, "ReadWrite")),
        **_HERE,
        switches=_quota(1),
        abroad=_quota(0.0001),
    ),
    row(
        "9.8",
        "12 leave room",
        get(f"/users/{ADA}", times=12),
        get("/groups", by="abroad"),
        **_HERE,
        switches=_quota(1),
        abroad=_quota(0.0001),
    ),
    _charged("list users", get("/users"), "2"),
    _charged("one user", get(_ME), "1"),
    _charged("list groups", get("/groups"), "1"),
    _charged("one group", get(f"/groups/{READERS}"), "1"),
    _charged("create", post("/users", user_body("bea")), "1"),
    _charged("change", patch(_ME, _TITLE), "1"),
    _charged("delete", delete(_ME), "1"),
    _charged("users", get("/users", query={"attributes": "id"}), "1"),
    _charged("one user", get(_ME, query={"attributes": "id"}), "1"),
    _charged("groups", get("/groups", query={"attributes": "id"}), "1"),
    row(
        "9.11",
        "3 of 5, 4 of 5, 5 of 5, throttled",
        get(_ONE, times=4, answers={"x-ms-throttle-limit-percentage": ABSENT}),
        get(_ONE, answers={"x-ms-throttle-limit-percentage": Within(0.99, 1.0)}),
        get(_ONE, 429, answers={"x-ms-throttle-limit-percentage": "1.0"}),
        people=crowd(50),
        switches=_quota(0.001),
    ),
    row(
        "9.11",
        "81 %",
        get(_ONE, times=40, answers={"x-ms-throttle-limit-percentage": ABSENT}),
        get(_ONE, answers={"x-ms-throttle-limit-percentage": "0.82"}),
        people=crowd(50),
        switches=_quota(0.01),
    ),
    row(
        "9.12",
        "seconds to the next write",
        patch(_ME, _TITLE, times=6),
        patch(_ME, _TITLE, status=429, answers={"retry-after": Within(1, 25)}),
        Later(15),
        Later(11),
        patch(_ME, _TITLE),
        **_HERE,
        switches={"throttle": True, "throttle_quota": 0.002},
    ),
    row(
        "9.12",
        "not billed",
        patch(_ME, _TITLE, times=3),
        patch(_ME, _TITLE, status=429),
        usage(requests=4, billable=3),
        **_HERE,
        switches=_quota(0.001),
    ),
    _retry("usual", Like(r"\d+")),
    _retry("seconds", Like(r"\d+")),
    _retry("fraction", Like(r"\d+\.\d{3}")),
    _retry("date", Like(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")),
    _retry("none", ABSENT),
    row(
        "9.14",
        "writes, units",
        patch(_ME, _TITLE, times=3),
        patch(
            _ME,
            _TITLE,
            status=429,
            answers={"x-ms-throttle-scope": "Tenant_Application/Write/{app}/{tenant}"},
        ),
        get(
            "/users",
            429,
            answers={"x-ms-throttle-scope": "Tenant_Application/ReadWrite/{app}/{tenant}"},
        ),
        **_HERE,
        switches=_quota(0.001),
    ),
    row(
        "9.15",
        "writes, units",
        patch(_ME, _TITLE, times=3),
        patch(_ME, _TITLE, status=429, answers={"x-ms-throttle-information": _WRITES}),
        get("/users", 429, answers={"x-ms-throttle-information": _UNITS}),
        **_HERE,
        switches=_quota(0.001),
    ),
    *(
        row(
            "9.16",
            value,
            patch(_ME, _TITLE, headers={"x-ms-throttle-priority": value}),
            **_HERE,
            switches=_quota(1),
        )
        for value in ("low", "normal", "high")
    ),
    row("9.17", "full", patch(_ME, _TITLE, times=3), **_HERE, switches=_quota(0.001)),
    row(
        "9.17",
        "empty",
        patch(_ME, _TITLE, status=429),
        Later(51),
        patch(_ME, _TITLE),
        **_HERE,
        switches={"throttle": True, "throttle_quota": 0.001, "throttle_start": "empty"},
    ),
    row(
        "9.18",
        "alone: one write after 50 s",
        patch(_ME, _TITLE, times=3),
        Later(51),
        patch(_ME, _TITLE),
        **_HERE,
        switches={"throttle": True, "throttle_quota": 0.001},
    ),
    row(
        "9.18",
        "with a tenth left: one write after 500 s",
        patch(_ME, _TITLE, times=3),
        Later(450),
        patch(_ME, _TITLE, status=429),
        Later(51),
        patch(_ME, _TITLE),
        **_HERE,
        switches={"throttle": True, "throttle_quota": 0.001, "throttle_other_share": 0.9},
    ),
]
