"""Rows of section 5: custom security attributes."""

from typing import Any

from tests.contract.rules.checks import ABSENT, Exactly
from tests.contract.rules.rows import (
    ADA,
    CUSTOM,
    Ask,
    Json,
    Row,
    add,
    get,
    patch,
    person,
    post,
    remove,
    replace,
    row,
    usage,
)
from tests.contract.sandbox.helpers import user_body

_SETS = {
    "Engineering": [
        {"name": "Project", "type": "String", "multi": True},
        {"name": "Level", "type": "Integer"},
        {"name": "Cleared", "type": "Boolean"},
        {"name": "Site", "type": "String", "values": ["Delft", "Breda"]},
    ],
    "Marketing": [{"name": "Region", "type": "String"}],
}
_HERE: Json = {"people": [person("ada")], "config": {"custom_attributes": _SETS}}
_AT = f"{CUSTOM}:Engineering"
_ME = f"/users/{ADA}"


def _shown(expected: Any, *, of: str = "Engineering") -> Ask:
    """What a projection of a set shows."""
    shows = {CUSTOM: expected if expected is ABSENT else {of: expected}}
    if expected is ABSENT:
        shows = {CUSTOM: ABSENT}
    return get(_ME, query={"attributes": f"{CUSTOM}:{of}"}, shows=shows)


def _set(**values: Any) -> Ask:
    return patch(_ME, *(replace(f"{_AT}.{name}", value) for name, value in values.items()))


def _bad(name: str, value: Any) -> Row:
    refusal = patch(_ME, replace(f"{_AT}.{name}", value), status=400)
    return row("5.43", f"{name} as {value!r}", refusal, _shown(ABSENT), **_HERE)


def _undefined(status: int, **more: Any) -> list[Row]:
    steps = [
        *(
            patch(_ME, replace(f"{CUSTOM}:{name}", "x"), status=status)
            for name in ("Nowhere.Project", "Engineering.Colour", "Nowhere")
        ),
        get(_ME, status, query={"attributes": f"{CUSTOM}:Nowhere"}),
        get("/users", status, query={"attributes": f"{CUSTOM}:Nowhere"}),
    ]
    bare: Json = {"people": [person("ada")]}
    return [
        row("5.45", f"as {status}", *steps, **_HERE, **more),
        row("5.45", f"as {status}, no set at all", *steps, **bare, **more),
    ]


ROWS: list[Row] = [
    row(
        "5.40",
        "by set",
        _set(Level=3),
        _shown(Exactly({"Level": 3})),
        get(
            "/users",
            query={"attributes": f"userName,{CUSTOM}:Engineering"},
            shows={"resources": [{"userName": "ada@fabled.example", CUSTOM: {"Engineering": {}}}]},
        ),
        _shown(ABSENT, of="Marketing"),
        **_HERE,
    ),
    row(
        "5.40",
        "not by default",
        _set(Level=3),
        get(_ME, shows={CUSTOM: ABSENT}),
        get("/users", shows={"resources": [{CUSTOM: ABSENT}]}),
        get(_ME, query={"excludedAttributes": "title"}, shows={CUSTOM: ABSENT}),
        **_HERE,
    ),
    row(
        "5.40",
        "not by the bare URN",
        get(_ME, 400, query={"attributes": CUSTOM}),
        get("/users", 400, query={"attributes": f"id,{CUSTOM}"}),
        **_HERE,
    ),
    row("5.40", "not one by one", get(_ME, 400, query={"attributes": f"{_AT}.Level"}), **_HERE),
    row("5.41", "one value", _set(Site="Delft"), _shown(Exactly({"Site": "Delft"})), **_HERE),
    row(
        "5.41", "several values", _set(Project=["A", "B"]), _shown({"Project": ["A", "B"]}), **_HERE
    ),
    row("5.41", "by add", patch(_ME, add(f"{_AT}.Level", 2)), _shown({"Level": 2}), **_HERE),
    row(
        "5.41",
        "not at creation",
        post("/users", user_body(**{CUSTOM: {"Engineering": {"Level": 1}}}), 400),
        config={"custom_attributes": _SETS},
    ),
    row(
        "5.42",
        "empty list",
        _set(Project=["A"], Level=1),
        _set(Project=[]),
        _shown(Exactly({"Level": 1})),
        **_HERE,
    ),
    _bad("Level", "3"),
    _bad("Level", True),
    _bad("Level", 1.5),
    _bad("Cleared", "true"),
    _bad("Cleared", 1),
    _bad("Site", 7),
    _bad("Site", ["Delft"]),
    _bad("Project", "A"),
    _bad("Project", [1]),
    row(
        "5.43",
        "right ones, zero and false included",
        _set(Level=0, Cleared=False, Project=["A"], Site="Breda"),
        _shown({"Level": 0, "Cleared": False, "Project": ["A"], "Site": "Breda"}),
        **_HERE,
    ),
    row(
        "5.44",
        "predefined values",
        patch(_ME, replace(f"{_AT}.Site", "delft"), status=400),
        _set(Site="Delft"),
        **_HERE,
    ),
    row(
        "5.44",
        "free values are kept apart",
        _set(Project=["a", "A"]),
        _shown({"Project": ["a", "A"]}),
        **_HERE,
    ),
    *_undefined(400),
    *_undefined(404, switches={"custom_security_unknown_status": 404}),
    row(
        "5.46",
        "one of two, then the other",
        _set(Level=1, Site="Delft"),
        patch(_ME, remove(f"{_AT}.Site")),
        _shown(Exactly({"Level": 1})),
        patch(_ME, remove(f"{_AT}.Level")),
        _shown(ABSENT),
        **_HERE,
    ),
    row(
        "5.47",
        "of two sets, beside a title",
        patch(
            _ME,
            replace(f"{_AT}.Level", 1),
            replace(f"{CUSTOM}:Marketing.Region", "North"),
            replace("title", "Countess"),
        ),
        _shown({"Level": 1}),
        _shown({"Region": "North"}, of="Marketing"),
        get(_ME, shows={"title": "Countess"}),
        usage(requests=4, billable=4),
        **_HERE,
    ),
    row(
        "5.47",
        "all or none",
        patch(_ME, replace(f"{_AT}.Level", 1), replace(f"{_AT}.Cleared", 1), status=400),
        _shown(ABSENT),
        **_HERE,
    ),
    row(
        "5.48",
        "the document",
        get(
            f"/schemas/{CUSTOM}",
            shows={
                "id": CUSTOM,
                "name": "MicrosoftEntraCustomSecurityAttributes",
                "attributes": [
                    {
                        "name": "Engineering",
                        "type": "Complex",
                        "mutability": "readWrite",
                        "returned": "request",
                        "subAttributes": [
                            {"name": "Project", "type": "String", "multiValued": True},
                            {"name": "Level", "type": "Integer", "multiValued": False},
                            {"name": "Cleared", "type": "Boolean"},
                            {"name": "Site", "type": "String", "caseExact": True},
                        ],
                    },
                    {"name": "Marketing", "subAttributes": [{"name": "Region"}]},
                ],
            },
        ),
        **_HERE,
    ),
]
