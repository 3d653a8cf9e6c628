"""Group rules of every shape that a profile may have, for tests of what becomes of them."""

from typing import Any

from hypothesis import strategies as st

GUID = "5a1c3f0e-2b7d-4c55-9d66-{:012x}"
EXAMPLES: list[dict[str, Any]] = [
    {
        "rule": "department",
        "column": "department",
        "name": 'Append("Dept ", [value])',
        "emptied": "delete",
        "adopt": {"sales": GUID.format(1), "r&d = new": GUID.format(2)},
    },
    {"rule": "projects", "expression": 'Split(\n  [projects],\n  ";")', "licensing": True},
    {
        "rule": "staff",
        "group": "All staff",
        "when": {"column": "type", "is": "equals", "value": "employee"},
        "kind": "microsoft_365",
        "fully_managed": True,
        "description": "Everybody\nemployed",
        "adopt": GUID.format(3),
    },
]
"""One of each source, with everything that a rule can say."""

_WORD = st.text("abcXYZ äö_,;\"'0=.", min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def group_rules(draw: st.DrawFn, conditions: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
    """Rules that can be published, in the form in which people may write them."""
    names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,6}", fullmatch=True)
    found = []
    for at, name in enumerate(draw(st.lists(names, unique_by=str.lower, max_size=3))):
        source = draw(st.sampled_from(["column", "expression", "group"]))
        texts = {
            "column": _WORD,
            "expression": st.sampled_from(['Split([a],\n";")', "[a]", 'Append("\\\\", [b])']),
            "group": _WORD.map(lambda word, at=at: f"{word} {at}"),
        }
        rule = {"rule": name, source: draw(texts[source])}
        optional: dict[str, st.SearchStrategy[Any]] = {
            "when": conditions,
            "kind": st.sampled_from(["security", "microsoft_365"]),
            "licensing": st.booleans(),
            "fully_managed": st.booleans(),
            "description": st.one_of(_WORD, st.just("two\nlines"), st.just("")),
            "emptied": st.sampled_from(["keep", "delete"]),
        }
        ids = st.just(GUID.format(at))
        if source == "group":
            optional |= {"adopt": ids, "emptied": st.just("keep")}
        else:
            naming = st.sampled_from(["ToUpper([value])", 'Append("x ",\n  [value])'])
            optional |= {"name": naming, "adopt": st.dictionaries(_WORD, ids, max_size=1)}
        found.append(rule | draw(st.fixed_dictionaries({}, optional=optional)))
    return found
