"""POST /users: what is required, what is refused, what comes back."""

import pytest

from tests.contract.sandbox.helpers import (
    ENTERPRISE,
    ENTRA,
    GONE,
    NOBODY,
    USER,
    Directory,
    user_body,
)

MAIL = {"type": "work", "primary": True, "value": "ada@fabled.example"}

# id, changes to a valid body, start of the detail
REFUSED = [
    ("userName missing", {"userName": GONE}, "Required attribute 'userName'"),
    ("password missing, managed domain", {"password": GONE}, "Required attribute 'password'"),
    ("familyName missing", {"name": {"givenName": "A"}}, "Required attribute 'name.familyName'"),
    ("givenName empty", {"name": {"givenName": "", "familyName": "B"}}, "Required attribute 'name"),
    ("name missing", {"name": GONE}, "Required attribute 'name.familyName'"),
    ("active missing", {"active": GONE}, "Required attribute 'active'"),
    ("displayName null", {"displayName": None}, "Required attribute 'displayName'"),
    ("active is text", {"active": "True"}, "Attribute 'active' must be a boolean"),
    ("title is a number", {"title": 5}, "Attribute 'title' must be a string"),
    ("no schemas", {"schemas": GONE}, "'schemas' must be a list"),
    ("core urn missing", {"schemas": [ENTRA]}, "'schemas' must contain"),
    ("unknown schema", {"schemas": [USER, "urn:x"]}, "Unknown schema 'urn:x'"),
    ("unknown attribute", {"nickName": "A"}, "Attribute 'nickName' is not defined"),
    ("unknown name part", {"name": {"formatted": "A"}}, "'name' has no sub-attribute"),
    ("unknown extension attribute", {ENTRA: {"colour": "red"}}, "Attribute 'colour' is not"),
    ("unverified domain", {"userName": "ada@other.example"}, "The domain portion of the user"),
    ("userName without domain", {"userName": "ada"}, "Property userPrincipalName is invalid"),
    ("userName with a space", {"userName": "a b@fabled.example"}, "Property userPrincipalName"),
    ("weak password", {"password": "short"}, "The specified password does not comply"),
    ("password of one class", {"password": "aaaaaaaaaaaa"}, "The specified password does not"),
    ("id given", {"id": NOBODY}, "Attribute 'id' is read-only"),
    ("groups given", {"groups": [{"value": NOBODY}]}, "Attribute 'groups' is read-only"),
    ("on-premises flag", {ENTRA: {"onPremisesSyncEnabled": True}}, "Attribute 'onPremisesSyncE"),
    ("proxyAddresses", {ENTRA: {"proxyAddresses": ["smtp:a@b"]}}, "Attribute 'proxyAddresses'"),
    ("two work mails", {"emails": [MAIL, MAIL]}, "'emails' takes one value of type 'work'"),
    ("work mail not primary", {"emails": [{**MAIL, "primary": False}]}, "E-mail addresses of"),
    ("proxy mail", {"emails": [{"type": "proxyAddress", "value": "a@b"}]}, "E-mail addresses of"),
    ("home mail", {"emails": [{"type": "home", "value": "a@b.example"}]}, "The type of a value"),
    ("mail without @", {"emails": [{**MAIL, "value": "ada"}]}, "Invalid value specified for"),
    ("emails no list", {"emails": MAIL}, "Attribute 'emails' must be a list"),
    ("home phone", {"phoneNumbers": [{"type": "home", "value": "1"}]}, "The type of a value"),
    ("two mobiles", {"phoneNumbers": [{"type": "mobile", "value": "1"}] * 2}, "'phoneNumbers' tak"),
    ("phone without value", {"phoneNumbers": [{"type": "work"}]}, "A value of 'phoneNumbers' need"),
    ("home address", {"addresses": [{"type": "home", "country": "NL"}]}, "The type of a value of"),
    ("address without type", {"addresses": [{"country": "NL"}]}, "The type of a value of"),
    ("several languages", {"preferredLanguage": "en-US,en;q=0.5"}, "Attribute 'preferredLanguage'"),
    ("bad date", {ENTRA: {"employeeHireDate": "01/02/2026"}}, "Attribute 'employeeHireDate'"),
    ("bad usage location", {ENTRA: {"usageLocation": "Netherlands"}}, "Attribute 'usageLocation'"),
    ("bad nickname", {ENTRA: {"mailNickname": "a b"}}, "Invalid value specified for property"),
    ("manager unknown", {ENTERPRISE: {"manager": {"value": NOBODY}}}, f"Resource '{NOBODY}'"),
    ("manager as text", {ENTERPRISE: {"manager": NOBODY}}, "A value of 'manager' must be an"),
]


@pytest.mark.parametrize(
    ("changes", "detail"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refused_with_400_and_nothing_is_stored(
    directory: Directory, changes: dict, detail: str
) -> None:
    answer = directory.scim.post("/users", json=user_body(**changes))
    assert answer.status_code == 400, answer.text
    assert answer.json()["status"] == "400"
    assert answer.json()["detail"].startswith(detail)
    assert directory.sandbox.users(directory.tenant) == []
    assert directory.usage()["billable"] == 0


def test_a_full_user_comes_back_under_canonical_names_without_its_password(
    directory: Directory,
) -> None:
    boss = directory.person("boss")
    given = user_body(
        schemas=[USER, ENTERPRISE, ENTRA],
        externalId="0042",
        title="Countess",
        preferredLanguage="en-GB",
        emails=[MAIL, {"type": "other", "value": "a@home.example"}],
        phoneNumbers=[{"type": "mobile", "value": "+31 6 1"}, {"type": "fax", "value": "2"}],
        addresses=[{"type": "work", "country": "NL", "locality": "Delft"}],
        ims=[{"type": "work", "value": "sip:ada"}],
    )
    given["DISPLAYNAME"] = given.pop("displayName")
    given[ENTERPRISE] = {"department": "Engines", "manager": {"value": boss.upper()}}
    given[ENTRA] = {"mailNickname": "ada.b", "passwordForceChangeOnNextSignIn": True}
    answer = directory.scim.post("/users", json=given)
    assert answer.status_code == 201
    body = answer.json()
    user_id = body["id"]
    assert body["meta"] == {"resourceType": "user", "location": f"/users/{user_id}"}
    assert body["schemas"] == [USER, ENTERPRISE, ENTRA]
    assert body["displayName"] == "Ada Byron"
    assert body["emails"] == given["emails"]
    assert body["addresses"] == given["addresses"]
    assert body[ENTERPRISE] == {"department": "Engines", "manager": {"value": boss}}
    assert body[ENTRA]["mailNickname"] == "ada.b"
    assert "Long-enough-1" not in answer.text
    assert directory.user(user_id) == body
    (stored,) = (u for u in directory.sandbox.users(directory.tenant) if u["id"] == user_id)
    assert stored == {**body, "password_set": True}


def test_a_federated_domain_needs_no_password(directory: Directory) -> None:
    answer = directory.scim.post("/users", json=user_body(userName="a@fed.example", password=GONE))
    assert answer.status_code == 201
    assert directory.sandbox.users(directory.tenant)[0]["password_set"] is False


@pytest.mark.parametrize("given", [GONE, {}, {"mailNickname": None}, {"mailNickname": ""}])
def test_mail_nickname_is_derived_when_it_is_not_given(directory: Directory, given: object) -> None:
    answer = directory.scim.post("/users", json=user_body("ada.b", **{ENTRA: given}))
    assert answer.json()[ENTRA]["mailNickname"] == "ada.b"


def test_a_switch_requires_mail_nickname_as_before_august_2026(directory: Directory) -> None:
    directory.settings(mail_nickname_required=True)
    answer = directory.scim.post("/users", json=user_body())
    assert (answer.status_code, "mailNickname" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize(("status", "scim_type"), [(409, "uniqueness"), (400, None)])
def test_user_name_is_unique_without_case(
    directory: Directory, status: int, scim_type: str | None
) -> None:
    directory.settings(duplicate_status=status)
    directory.person("ada")
    answer = directory.scim.post("/users", json=user_body("ADA"))
    assert answer.status_code == status
    assert answer.json().get("scimType") == scim_type
    assert answer.json()["detail"].startswith("Another object with the same value for property")
    assert len(directory.sandbox.users(directory.tenant)) == 1


def test_external_id_need_not_be_unique(directory: Directory) -> None:
    directory.person("ada", externalId="1")
    directory.person("bea", externalId="1")
    found = directory.scim.get("/users", params={"filter": 'externalId eq "1"'}).json()
    assert found["totalResults"] == 2


def test_the_country_switch_decides_what_is_printed(directory: Directory) -> None:
    directory.settings(country_attribute="country/region")
    user = directory.user(directory.person(addresses=[{"type": "work", "country": "NL"}]))
    assert user["addresses"] == [{"type": "work", "country/region": "NL"}]


@pytest.mark.parametrize(
    ("content", "content_type", "detail"),
    [
        (b"{", "application/scim+json", "The request body is not valid JSON"),
        (b"\xff\xfe", "application/scim+json", "The request body is not valid JSON"),
        (b"[]", "application/scim+json", "The request body must be a JSON object"),
        (b"", "application/scim+json", "The request body is not valid JSON"),
        (b"{}", "text/plain", "Content-Type 'text/plain'"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    directory: Directory, content: bytes, content_type: str, detail: str
) -> None:
    answer = directory.scim.post("/users", content=content, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")
    assert answer.json()["detail"].startswith(detail)
