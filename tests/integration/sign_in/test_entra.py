"""Sign-in with Microsoft Entra, against a stand-in over HTTP: who gets in, and who does not."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client

from tenants.domain.roles import Role
from tenants.models import AuditEvent, User
from tenants.services.invitations import invite
from tests.integration.sign_in.conftest import PASSWORD, sign_in
from tests.support.authenticator import set_up
from tests.support.entra import CLIENT_ID, CLIENT_SECRET, Claims, EntraStandIn, entra_stand_in

LANTERN, SALT, STRANGE = (str(uuid4()) for _ in range(3))
OID = str(uuid4())


@pytest.fixture(scope="module")
def server() -> Iterator[EntraStandIn]:
    with entra_stand_in() as found:
        yield found


@pytest.fixture
def entra(server: EntraStandIn, settings: Any) -> EntraStandIn:
    """The stand-in, telling the truth, and a portal that trusts two of its tenants."""
    server.lie, server.sign = lambda claims: None, None
    server.published = lambda tid, jwk: None
    server.asked.clear()
    settings.ENTRA_CLIENT_ID = CLIENT_ID
    settings.ENTRA_ALLOWED_TENANTS = frozenset({LANTERN, SALT})
    settings.ENTRA_AUTHORITY = server.url
    app = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}
    settings.SOCIALACCOUNT_PROVIDERS = {"entra": {"APP": app}}
    return server


def go(
    client: Client,
    entra: EntraStandIn,
    tid: str = LANTERN,
    oid: str = OID,
    invitation: str = "",
    **claims: Any,
) -> Any:
    """Press the button, sign in at Microsoft, come back; the last answer."""
    sent = client.post("/accounts/entra/login/", {"invitation": invitation})
    return client.get(entra.approve(sent.headers["Location"], tid, oid, **claims))


def accept(client: Client, entra: EntraStandIn, person: User, **claims: Any) -> Any:
    """Open an invitation, and sign in with Microsoft from there."""
    key = invite(person=person, by=None)
    page = client.get(f"/invitation/{key}/").content.decode()
    assert f'name="invitation" value="{key}"' in page
    return go(client, entra, invitation=key, **claims)


def is_signed_in(client: Client) -> bool:
    return client.get("/accounts/two-factor/").status_code == 200


def test_an_invited_person_binds_an_identity_and_signs_in_with_it_from_then_on(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    assert accept(client, entra, ann).headers["Location"] == "/"
    assert is_signed_in(client)
    account = SocialAccount.objects.get()
    assert (account.user, account.provider, account.uid) == (ann, "entra", f"{LANTERN}:{OID}")
    assert account.socialtoken_set.count() == 0, "no token is kept"
    event = AuditEvent.objects.get(action="identity.bound")
    assert (event.actor, event.detail["uid"]) == (ann, account.uid)
    elsewhere = Client()
    assert go(elsewhere, entra).headers["Location"] == "/"
    assert is_signed_in(elsewhere)
    assert SocialAccount.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_binding_is_told_by_mail(client: Client, ann: User, entra: EntraStandIn) -> None:
    accept(client, entra, ann, preferred_username="ann@salt.example")
    (sent,) = mail.outbox
    assert sent.to == [ann.email]
    assert OID in sent.body
    assert LANTERN in sent.body


def test_the_request_has_pkce_a_nonce_and_nothing_from_the_address(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    path = "/accounts/entra/login/?auth_params=prompt%3Dnone&scope=offline_access&process=connect"
    asked = parse_qs(urlsplit(client.post(path).headers["Location"]).query)
    assert asked.keys() == {
        "client_id",
        "redirect_uri",
        "scope",
        "response_type",
        "state",
        "code_challenge",
        "code_challenge_method",
        "nonce",
    }
    assert sorted(asked["scope"][0].split()) == ["openid", "profile"]
    assert len(asked["nonce"][0]) >= 43


def test_it_takes_a_press_to_go_to_microsoft(client: Client, db: None, entra: EntraStandIn) -> None:
    answer = client.get("/accounts/entra/login/")
    assert answer.status_code == 200, "a page with a button: a picture elsewhere signs nobody in"


def set_to(**values: Any) -> Callable[[Claims], None]:
    return lambda claims: claims.update(values)


def without(name: str) -> Callable[[Claims], None]:
    return lambda claims: claims.pop(name)


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(set_to(aud="another-application"), id="audience"),
        pytest.param(set_to(nonce="another"), id="nonce"),
        pytest.param(set_to(exp=1_600_000_000), id="expired"),
        pytest.param(set_to(nbf=4_000_000_000), id="not yet"),
        pytest.param(set_to(iss="https://evil.example/v2.0"), id="issuer"),
        pytest.param(
            lambda c: c.update(iss=c["iss"].replace(LANTERN, SALT)), id="issuer of another tenant"
        ),
        pytest.param(lambda c: c.update(iss=c["iss"].replace("/v2.0", "")), id="issuer of v1"),
        pytest.param(set_to(oid="not-a-guid"), id="object id"),
        *(
            pytest.param(without(name), id=f"no {name}")
            for name in ("aud", "exp", "iat", "iss", "nonce", "oid")
        ),
    ],
)
def test_a_token_that_says_something_else_is_refused(
    client: Client, ann: User, entra: EntraStandIn, lie: Callable[[Claims], None]
) -> None:
    accept(client, entra, ann)
    elsewhere = Client()
    entra.lie = lie
    answer = go(elsewhere, entra)
    assert answer.status_code == 401
    assert "Not signed in" in answer.content.decode()
    assert not is_signed_in(elsewhere)


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    other = "A" if signature[10] != "A" else "B"
    return f"{head}.{body}.{signature[:10]}{other}{signature[11:]}"


SIGNATURES: dict[str, Callable[[EntraStandIn, Claims], str]] = {
    "tampered": lambda e, c: tampered(e.signed(c, LANTERN)),
    "another tenant's key": lambda e, c: e.signed(c, SALT, kid=f"key-of-{LANTERN}"),
    "another tenant's key by its name": lambda e, c: e.signed(c, SALT),
    "none": lambda e, c: jwt.encode(c, None, "none", headers={"kid": f"key-of-{LANTERN}"}),
    "symmetric, by the client's secret": lambda e, c: jwt.encode(
        c, CLIENT_SECRET * 3, "HS256", headers={"kid": f"key-of-{LANTERN}"}
    ),
    "no token": lambda e, c: "",
    "no signature": lambda e, c: e.signed(c, LANTERN).rpartition(".")[0] + ".",
}


@pytest.mark.parametrize("how", SIGNATURES)
def test_a_token_signed_by_somebody_else_is_refused(
    client: Client, ann: User, entra: EntraStandIn, how: str
) -> None:
    accept(client, entra, ann)
    elsewhere = Client()
    entra.sign = lambda claims: SIGNATURES[how](entra, claims)
    assert go(elsewhere, entra).status_code == 401
    assert not is_signed_in(elsewhere)


def test_a_key_of_another_issuer_in_the_same_set_does_not_count(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    accept(client, entra, ann)
    entra.published = lambda tid, jwk: jwk.update(issuer=f"{entra.url}/{SALT}/v2.0")
    assert go(Client(), entra).status_code == 401


def test_people_of_a_tenant_that_is_not_listed_are_refused_before_its_keys_are_asked_for(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    answer = accept(client, entra, ann, tid=STRANGE)
    assert answer.status_code == 401
    assert "this Microsoft tenant" in answer.content.decode()
    assert not [path for path in entra.asked if STRANGE in path]
    assert not SocialAccount.objects.exists()


def test_the_same_object_id_in_another_tenant_is_somebody_else(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    accept(client, entra, ann)
    answer = go(Client(), entra, tid=SALT)
    assert answer.status_code == 403
    assert "not known here" in answer.content.decode()


def test_nobody_is_found_by_an_e_mail_address(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    said = {"email": ann.email, "preferred_username": ann.email, "upn": ann.email}
    answer = go(client, entra, **said, email_verified=True, xms_edov=True)
    assert answer.status_code == 403
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()
    assert User.objects.count() == 1


def test_an_identity_that_somebody_has_is_not_bound_to_another(
    client: Client, ann: User, person_of: Callable[..., User], entra: EntraStandIn
) -> None:
    bob = person_of(name="bob")
    accept(client, entra, bob)
    elsewhere = Client()
    answer = accept(elsewhere, entra, ann)
    assert answer.status_code == 403
    assert not is_signed_in(elsewhere)
    assert SocialAccount.objects.get().user == bob
    assert ann.invitations.get().used_at is None, "it still waits for the right account"


def test_an_invitation_binds_once(client: Client, ann: User, entra: EntraStandIn) -> None:
    key = invite(person=ann, by=None)
    assert go(client, entra, invitation=key).status_code == 302
    assert go(Client(), entra, oid=str(uuid4()), invitation=key).status_code == 403
    assert SocialAccount.objects.count() == 1


def test_opening_an_invitation_binds_nothing(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    client.get(f"/invitation/{invite(person=ann, by=None)}/")
    assert go(client, entra).status_code == 403, "it was not from the page of the invitation"


def test_who_is_deactivated_does_not_get_in(client: Client, ann: User, entra: EntraStandIn) -> None:
    accept(client, entra, ann)
    ann.is_active = False
    ann.save()
    elsewhere = Client()
    assert go(elsewhere, entra).headers["Location"] == "/accounts/inactive/"
    assert not is_signed_in(elsewhere)
    assert not is_signed_in(client)


def test_the_answer_belongs_to_the_browser_that_asked(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    accept(client, entra, ann)
    sent = Client().post("/accounts/entra/login/")
    back = entra.approve(sent.headers["Location"], LANTERN, OID)
    elsewhere = Client()
    assert elsewhere.get(back).status_code == 401
    assert not is_signed_in(elsewhere)


def test_a_factor_that_entra_saw_counts_where_a_role_requires_one(
    client: Client, ann: User, entra: EntraStandIn, settings: Any
) -> None:
    accept(client, entra, ann)
    settings.MFA_REQUIRED_ROLES = frozenset({"engineer"})
    cases: list[tuple[dict[str, Any], frozenset[str], int]] = [
        ({}, frozenset(), 302),
        ({"amr": ["pwd"]}, frozenset(), 302),
        ({"amr": ["pwd", "mfa"]}, frozenset(), 200),
        ({}, frozenset({LANTERN}), 200),
        ({}, frozenset({SALT}), 302),
    ]
    for claims, strict, expected in cases:
        settings.ENTRA_MFA_TENANTS = strict
        browser = Client()
        assert go(browser, entra, **claims).headers["Location"] == "/"
        assert browser.get("/customers/").status_code == expected, (claims, strict)


def test_a_factor_of_the_portal_is_asked_for_after_microsoft_as_well(
    client: Client, ann: User, entra: EntraStandIn
) -> None:
    accept(client, entra, ann)
    theirs = Client()
    sign_in(theirs, ann)
    set_up(theirs, PASSWORD)
    answer = go(Client(), entra, amr=["mfa"])
    assert answer.headers["Location"] == "/accounts/two-factor/authenticate/"


def test_without_settings_there_is_no_microsoft(client: Client, person_of: Any) -> None:
    person_of(Role.ADMIN)
    assert client.post("/accounts/entra/login/").status_code == 404
    assert client.get("/accounts/entra/callback/").status_code == 404
    assert "with Microsoft" not in client.get("/accounts/login/").content.decode()


def test_the_page_says_so_where_it_is_offered(
    client: Client, db: None, entra: EntraStandIn
) -> None:
    assert "Sign in with Microsoft" in client.get("/accounts/login/").content.decode()


def test_people_of_one_tenant_go_straight_to_it(
    client: Client, db: None, entra: EntraStandIn, settings: Any
) -> None:
    sent = client.post("/accounts/entra/login/").headers["Location"]
    assert sent.startswith(f"{entra.url}/organizations/oauth2/v2.0/authorize?")
    settings.ENTRA_ALLOWED_TENANTS = frozenset({SALT})
    sent = client.post("/accounts/entra/login/").headers["Location"]
    assert sent.startswith(f"{entra.url}/{SALT}/oauth2/v2.0/authorize?")
