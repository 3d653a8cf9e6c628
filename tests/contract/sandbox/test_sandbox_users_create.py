"""POST /users: a user with everything comes back as it is stored."""

from tests.contract.sandbox.helpers import (
    ENTERPRISE,
    ENTRA,
    USER,
    Directory,
    user_body,
)

MAIL = {"type": "work", "primary": True, "value": "ada@fabled.example"}


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
