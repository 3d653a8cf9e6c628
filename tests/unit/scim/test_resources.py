"""Flat state becomes SCIM bodies that Entra takes, and nothing of it is lost on the way."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.attributes import CATALOGUE, MANAGER, REQUIRED
from provisioning.scim.changes import user_patch
from provisioning.scim.refusals import Refused
from provisioning.scim.resources import (
    created_id,
    extension_value,
    flat_state,
    resources_of,
    user_resource,
)
from provisioning.scim.urns import CORE_USER, CUSTOM_SECURITY, ENTERPRISE_USER, ENTRA_USER, PATCH
from provisioning.scim.users import names_of, projection

FORCED = "passwordForceChangeOnNextSignIn"
MAIL = 'emails[type eq "work"].value'
# The manager is an object of its own in a PATCH; its values are ids (tests/unit/scim).
MAPPED = {path for path, each in CATALOGUE.items() if each.mutable} - {MANAGER}
PATHS = [*sorted(MAPPED), "externalId"]

CUSTOM_PATHS = [f"{CUSTOM_SECURITY}:Staff.{name}" for name in ("Badge", "Level", "Skills")]
REMOVABLE = [path for path in PATHS if path not in {*REQUIRED, "active"}]
texts = st.text(min_size=1)
lists = st.lists(texts, min_size=1, max_size=3, unique=True)


def fitting(path):
    """Values that Entra takes at a path."""
    attribute = CATALOGUE.get(path)
    if attribute is None:
        return texts | st.integers() | st.booleans() | lists
    if attribute.many:
        return lists
    return st.booleans() if attribute.kind == "boolean" else texts


states = st.fixed_dictionaries({}, optional={path: fitting(path) for path in PATHS})
changes = st.fixed_dictionaries(
    {},
    optional={
        path: fitting(path) | st.none() if path in REMOVABLE else fitting(path)
        for path in [*PATHS, *CUSTOM_PATHS]
    },
).filter(bool)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def read_all(resource, paths):
    """Values at paths; a list where several rows of one type may stand."""
    return {
        path: read(resource, path, many=path in CATALOGUE and CATALOGUE[path].many)
        for path in paths
    }


def read(resource, path, *, many=False):
    """The value at a path, found the way RFC 7644, 3.5.2 reads paths."""
    for urn in (ENTERPRISE_USER, ENTRA_USER):
        if path.startswith(urn):
            resource, path = resource.get(urn, {}), path.removeprefix(f"{urn}:")
    for step in re.findall(r"\w+(?:\[.*?\])?", path):
        name, _, kind = step.partition('[type eq "')
        resource = resource.get(name, {})
        if kind:
            rows = [each for each in resource if each["type"] == kind.removesuffix('"]')]
            if many:
                return [each["value"] for each in rows]
            (resource,) = rows
    return resource


@given(states)
def test_every_value_is_found_again_at_its_path(state):
    resource = user_resource(state, "secret")
    assert read_all(resource, state) == state
    assert flat_state(resource, PATHS) == state


@given(states)
def test_nothing_is_in_the_body_that_was_not_asked_for(state):
    resource = user_resource(state, "secret")
    listed = (value if isinstance(value, list) else [value] for value in state.values())
    assert leaves(resource) == {"secret", *(repr(each) for value in listed for each in value)}


@given(st.sampled_from(CUSTOM_PATHS))
def test_a_creation_carries_no_custom_security_attributes(path):
    with pytest.raises(Refused, match="after the account was created"):
        user_resource({path: "x"}, "secret")


def leaves(resource):
    """Every value but the fixed ones: schemas, the forced change, types and primary."""
    found = {resource.pop("password")}
    resource.pop("schemas")
    assert resource[ENTRA_USER].pop(FORCED) is True

    def walk(node):
        if isinstance(node, dict):
            for name, value in node.items():
                if name not in ("type", "primary"):
                    walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
        else:
            found.add(repr(node))

    walk(resource)
    return found


@given(states)
def test_a_body_names_the_schemas_it_uses_and_forces_a_new_password(state):
    resource = user_resource(state, "secret")
    assert resource["password"] == "secret"
    assert resource[ENTRA_USER][FORCED] is True
    used = {urn for urn in (ENTERPRISE_USER, ENTRA_USER) if urn in resource}
    assert resource["schemas"][0] == CORE_USER
    assert sorted(resource["schemas"][1:]) == sorted(used)
    assert json.loads(json.dumps(resource)) == resource


def test_a_whole_user():
    state = {
        "userName": "ann@b.example",
        "active": True,
        "name.givenName": "Ann",
        "name.familyName": "Ek",
        MAIL: "ann@b.example",
        'phoneNumbers[type eq "work"].value': "1",
        'phoneNumbers[type eq "mobile"].value': "2",
        'addresses[type eq "work"].locality': "Ham",
        'addresses[type eq "work"].country': "SE",
        f"{ENTERPRISE_USER}:department": "Ovens",
        f"{ENTRA_USER}:onPremisesExtensionAttributes.extensionAttribute1": "x",
        f"{ENTRA_USER}:usageLocation": None,  # no value: left out
    }
    assert user_resource(state, "pw") == {
        "schemas": [CORE_USER, ENTERPRISE_USER, ENTRA_USER],
        "password": "pw",
        "userName": "ann@b.example",
        "active": True,
        "name": {"givenName": "Ann", "familyName": "Ek"},
        "emails": [{"type": "work", "value": "ann@b.example", "primary": True}],
        "phoneNumbers": [{"type": "work", "value": "1"}, {"type": "mobile", "value": "2"}],
        "addresses": [{"type": "work", "locality": "Ham", "country": "SE"}],  # one address only
        ENTERPRISE_USER: {"department": "Ovens"},
        ENTRA_USER: {"onPremisesExtensionAttributes": {"extensionAttribute1": "x"}, FORCED: True},
    }


def test_the_two_user_types_are_kept_apart():
    resource = user_resource({"userType": "Trainee", f"{ENTRA_USER}:userType": "Guest"}, "pw")
    assert (resource["userType"], resource[ENTRA_USER]["userType"]) == ("Trainee", "Guest")


@given(changes)
def test_a_patch_has_one_operation_for_each_path(changed):
    body = user_patch(changed)
    assert body["schemas"] == [PATCH]
    operations = body["Operations"]
    assert len(operations) == len(changed)
    for (path, value), operation in zip(changed.items(), operations, strict=True):
        assert operation["path"] == sent_as(path)
        if value is None:
            assert operation == {"op": "remove", "path": sent_as(path)}
        else:
            assert (operation["op"], operation["value"]) == ("replace", value)


def sent_as(path):
    # Microsoft's reference addresses the one mail by type and primary.
    return 'emails[type eq "work" and primary eq true].value' if path == MAIL else path


@pytest.mark.parametrize(
    ("path", "value"),
    [("active", False), (CUSTOM_PATHS[1], 0), (CUSTOM_PATHS[0], ""), (CUSTOM_PATHS[2], ["a"])],
)
def test_false_and_nought_are_values_and_only_none_removes(path, value):
    (operation,) = user_patch({path: value})["Operations"]
    assert operation == {"op": "replace", "path": path, "value": value}


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["title", MAIL, 'emails[type eq "other"].value'], ("title", "emails")),
        (CUSTOM_PATHS, (f"{CUSTOM_SECURITY}:Staff",)),  # by set; the bare URN is refused
        ([f"{ENTRA_USER}:userType"], (f"{ENTRA_USER}:userType",)),
    ],
)
def test_what_is_projected_to_read_paths(paths, names):
    assert names_of(paths) == names


def test_custom_security_attributes_are_read_from_their_set():
    resource = {CUSTOM_SECURITY: {"Staff": {"Badge": "B-1", "Level": 3, "Skills": ["a", "b"]}}}
    assert flat_state(resource, CUSTOM_PATHS) == dict(
        zip(CUSTOM_PATHS, ("B-1", 3, ["a", "b"]), strict=True)
    )


@pytest.mark.parametrize(
    ("page", "ids"),
    [
        ({"resources": [{"id": "1"}, {"id": "2"}]}, ["1", "2"]),  # as Entra answers
        ({"Resources": [{"id": "1"}]}, ["1"]),  # as RFC 7644 and Entra's reference print it
        ({"resources": [], "Resources": [{"id": "1"}]}, ["1"]),
        ({"resources": []}, []),
        ({"resources": None}, []),
        ({"totalResults": 0}, []),  # an empty list may leave the member out
        ({"resources": [None, "x", {"id": "1"}]}, ["1"]),
        ({"resources": {"id": "1"}}, []),  # not a list
        ({"resources": 7}, []),
        (None, []),
        ([{"id": "1"}], []),
        ("resources", []),
    ],
)
def test_the_resources_of_a_page_under_either_spelling(page, ids):
    assert [each["id"] for each in resources_of(page)] == ids


@given(json_values)
def test_no_answer_breaks_the_readers(answer):
    assert all(isinstance(each, dict) for each in resources_of({"resources": answer}))
    assert all(isinstance(each, dict) for each in resources_of(answer))
    found = created_id(answer)
    assert found is None or found


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"id": "8f2"}, "8f2"),
        ({"id": 8}, "8"),
        ({"id": ""}, None),
        ({"id": None}, None),
        ({}, None),
        (None, None),  # 201 without a body
        (["id"], None),
    ],
)
def test_the_id_of_what_was_created(answer, expected):
    assert created_id(answer) == expected


@pytest.mark.parametrize(
    ("resource", "value"),
    [
        ({ENTRA_USER: {"onPremisesSyncEnabled": True}}, True),
        ({ENTRA_USER: {"onPremisesSyncEnabled": False}}, False),
        ({ENTRA_USER: {}}, None),
        ({ENTRA_USER: None}, None),
        ({}, None),
        ({"onPremisesSyncEnabled": True}, None),  # outside the extension it is something else
    ],
)
def test_one_attribute_of_an_extension(resource, value):
    assert extension_value(resource, ENTRA_USER, "onPremisesSyncEnabled") is value


def test_a_projection_is_written_without_white_space():
    # White space around a query parameter's value is refused by Entra with 400.
    assert projection(["userName", f"{ENTRA_USER}:userType"]) == f"userName,{ENTRA_USER}:userType"
    with pytest.raises(Refused, match="Name the attributes"):
        projection([])
