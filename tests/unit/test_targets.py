"""What a tenant's profile may write: its own schema document, and the values it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.attributes import CATALOGUE, CUSTOM, Attribute
from provisioning.domain.definition import ProfileError, parse_definition
from provisioning.domain.mapping import MappingError, compile_profile
from provisioning.domain.target_values import RejectedError, acceptor
from provisioning.domain.targets import DOCUMENT, PLAIN, Targets
from tests.unit.test_mapping import RECORD, definition

BADGE, LEVEL, SKILLS = (f"{CUSTOM}:Staff.{name}" for name in ("Badge", "Level", "Skills"))
WORK_PHONE = 'phoneNumbers[type eq "work"].value'
OTHER = 'emails[type eq "other"].value'


def part(name, kind="String", **more):
    return {"name": name, "type": kind, "multiValued": False, "mutability": "readWrite", **more}


def documents(*parts, name="Staff"):
    return {
        DOCUMENT: {"attributes": [{"name": name, "type": "Complex", "subAttributes": [*parts]}]}
    }


TENANT = Targets.of(
    documents(part("Badge"), part("Level", "Integer"), part("Skills", multiValued=True))
)


def test_each_attribute_of_a_set_is_a_target():
    assert [each.path for each in TENANT.custom] == [BADGE, LEVEL, SKILLS]
    assert (TENANT[BADGE].label, TENANT[BADGE].kind) == ("Staff: Badge", "string")
    assert (TENANT[LEVEL].kind, TENANT[SKILLS].many) == ("integer", True)
    assert list(TENANT)[: len(CATALOGUE)] == list(CATALOGUE.values())


@pytest.mark.parametrize(
    ("described", "note"),
    [
        (part("Badge", mutability="readOnly"), "Read-only in this tenant."),
        (part("Badge", "Binary"), "Its type, Binary, cannot be mapped."),
    ],
)
def test_what_cannot_be_chosen_says_why(described, note):
    (found,) = Targets.of(documents(described)).custom
    assert (found.mutable, found.note) == (False, note)


@pytest.mark.parametrize("name", ["", "1x", "a.b", "a b", None, 7, "x[y]"], ids=repr)
def test_names_that_make_no_path_are_left_out(name):
    assert Targets.of(documents(part(name))).custom == ()
    assert Targets.of(documents(part("Badge"), name=name)).custom == ()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["attributes", "subAttributes", "name", "type", "multiValued"]), inner
        )
    ),
    max_leaves=10,
)


@given(anything)
def test_no_document_breaks_the_reading(document):
    found = Targets.of({DOCUMENT: document})
    assert all(each.path.startswith(CUSTOM) for each in found.custom)
    assert hash(found) == hash(Targets.of({DOCUMENT: document}))


def test_nothing_discovered_is_the_plain_catalogue():
    assert Targets.of(None) == Targets.of({}) == PLAIN


@pytest.mark.parametrize(
    ("targets", "path", "words"),
    [
        (TENANT, f"{CUSTOM}:Staff.Bagde", f"did you mean {BADGE}?"),
        (TENANT, "Badge name", "is no attribute of an Entra user"),
        (PLAIN, BADGE, "have not been read yet"),
        (PLAIN, "jobTitel", "did you mean title?"),
        (Targets.of(documents()), BADGE, "is no attribute of an Entra user"),
    ],
)
def test_an_unknown_target_names_what_was_meant(targets, path, words):
    data = definition(**{path: {"constant": "x"}})
    with pytest.raises(ProfileError) as caught:
        parse_definition(data, targets)
    (problem,) = caught.value.problems
    assert problem.target == path
    assert words in problem.message


def attribute(kind="string", *, many=False):
    return Attribute("x", kind, "X", "x", many=many)


@pytest.mark.parametrize(
    ("kind", "many", "value", "accepted"),
    [
        ("integer", False, "7", 7),
        ("integer", False, 7, 7),
        ("integer", False, " -2147483648 ", -(2**31)),
        ("integer", False, "", None),
        ("integer", False, None, None),
        ("string", True, "a", ["a"]),
        ("string", True, ("b", " a ", "", "b"), ["b", "a"]),
        ("string", True, (), None),
        ("string", True, ("", " "), None),
        ("string", True, None, None),
        ("integer", True, ("1", "2", "1"), [1, 2]),
    ],
)
def test_a_value_of_the_type_is_accepted(kind, many, value, accepted):
    found = acceptor(attribute(kind, many=many))(value)
    assert found == accepted
    assert type(found) is type(accepted)


@pytest.mark.parametrize(
    ("kind", "many", "value", "words"),
    [
        ("integer", False, "7.5", "no whole number"),
        ("integer", False, "seven", "no whole number"),
        ("integer", False, True, "no whole number"),
        ("integer", False, "2147483648", "32 bits"),
        ("integer", False, "9" * 5000, "no whole number"),
        ("integer", False, ("1", "2"), "a list of 2 values"),
        ("integer", True, ("1", "x"), "no whole number"),
        ("string", False, ("a", "b"), "a list of 2 values"),
        ("boolean", False, "maybe", "is not true"),
        ("dateTime", False, "soon", "is not an ISO 8601 date"),
    ],
)
def test_a_value_of_another_type_is_named(kind, many, value, words):
    with pytest.raises(RejectedError) as caught:
        acceptor(attribute(kind, many=many))(value)
    assert words in caught.value.explained(redacted=False)


def test_a_record_becomes_lists_and_numbers():
    data = definition(
        **{
            SKILLS: {"expression": 'Split([skills], ";")'},
            LEVEL: {"column": "level"},
            OTHER: {"column": "mail"},
        }
    )
    profile = compile_profile(parse_definition(data, TENANT), TENANT)
    mapped = profile.apply({**RECORD, "skills": "a; b", "level": "3", "mail": "z@a.example"})
    assert mapped.values[SKILLS] == ["a", "b"]
    assert mapped.values[LEVEL] == 3
    assert mapped.values[OTHER] == ["z@a.example"]
    empty = profile.apply({**RECORD, "skills": "", "level": ""})
    assert not {SKILLS, LEVEL, OTHER} & empty.values.keys()
    assert {SKILLS, LEVEL, OTHER} <= profile.targets


def test_a_phone_holds_one_number():
    data = definition(**{WORK_PHONE: {"expression": 'Split([phones], ";")'}})
    profile = compile_profile(parse_definition(data))
    with pytest.raises(MappingError, match="the attribute holds one"):
        profile.apply({**RECORD, "phones": "1;2"})


def test_a_list_cannot_be_unique():
    rule = {"expression": "SelectUniqueValue([a], [b])", "when": "create"}
    with pytest.raises(ProfileError, match="cannot make it unique"):
        parse_definition(definition(**{OTHER: rule}))
