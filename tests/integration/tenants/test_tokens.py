"""Tokens through msal, from the sandbox's login side and from login services that misbehave."""

import json
import socket
import threading
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest

from tenants import services
from tenants.selectors import active_credential
from tenants.tokens import (
    CredentialRefused,
    LoginClient,
    LoginUnreachable,
    NoToken,
    app_token,
    forget,
    secret_of,
)
from tests.integration.tenants.conftest import make_tenant

APP = "6f1d1d2e-8f55-4b5f-9d27-2f6d3f0d9b11"
SECRET = "a-long-sandbox-secret"


@pytest.fixture
def tenant(db, sandbox):
    """A tenant whose directory is in the sandbox, with the right secret stored."""
    entra_id = str(uuid.uuid4())
    sandbox.put_tenant(
        entra_id,
        domains=["fabled.example"],
        applications=[{"client_id": APP, "client_secret": SECRET}],
    )
    tenant = make_tenant("fabled", cloud="sandbox", entra_id=entra_id, sandbox_url=sandbox.url)
    services.store_secret(tenant=tenant, client_id=APP, secret=SECRET, by=None)
    return tenant


def token_of(tenant, **options):
    return app_token(tenant, active_credential(tenant), **options)


def refused(tenant):
    with pytest.raises(CredentialRefused) as refusal:
        token_of(tenant)
    return refusal.value


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_the_right_secret_gives_a_token_for_that_directory(tenant):
    found = claims(token_of(tenant))
    assert (found["tid"], found["appid"], found["idtyp"]) == (tenant.entra_id, APP, "app")
    assert found["aud"] == "https://graph.microsoft.com"


def test_a_token_is_kept_until_a_fresh_one_is_asked_for(tenant):
    first = token_of(tenant)
    assert token_of(tenant) == first
    fresh = token_of(tenant, fresh=True)
    assert claims(fresh)["uti"] != claims(first)["uti"]
    assert token_of(tenant) == fresh


def test_forgetting_drops_what_was_cached(tenant, sandbox):
    first = token_of(tenant)
    forget(active_credential(tenant))
    assert token_of(tenant) != first


def test_tokens_of_two_tenants_are_kept_apart(tenant, sandbox):
    other_id = str(uuid.uuid4())
    app = {"client_id": APP, "client_secret": SECRET}
    sandbox.put_tenant(other_id, applications=[app])
    other = make_tenant("other", cloud="sandbox", entra_id=other_id, sandbox_url=sandbox.url)
    services.store_secret(tenant=other, client_id=APP, secret=SECRET, by=None)
    assert claims(token_of(tenant))["tid"] == tenant.entra_id
    assert claims(token_of(other))["tid"] == other_id


def test_token_requests_are_not_billed(tenant, sandbox):
    token_of(tenant)
    assert sandbox.usage(tenant.entra_id)["requests"] == 0


def test_a_wrong_secret_is_refused_with_what_to_do(tenant):
    services.store_secret(tenant=tenant, client_id=APP, secret="wrong", by=None)
    refusal = refused(tenant)
    assert refusal.problem.code == 7000215
    assert str(refusal) == "The client secret is wrong. Paste the secret's value, not its id."
    assert "AADSTS7000215" in refusal.problem.description
    assert "wrong" not in refusal.problem.description.replace("The client secret is wrong", "")


def test_a_corrected_secret_works_at_once(tenant):
    services.store_secret(tenant=tenant, client_id=APP, secret="wrong", by=None)
    refused(tenant)
    services.store_secret(tenant=tenant, client_id=APP, secret=SECRET, by=None)
    assert claims(token_of(tenant))["tid"] == tenant.entra_id


@pytest.mark.parametrize(("flag", "code"), [("secret_expired", 7000222), ("blocked", 53003)])
def test_an_unusable_application_is_named(tenant, sandbox, flag, code):
    app = {"client_id": APP, "client_secret": SECRET, flag: True}
    sandbox.put_tenant(tenant.entra_id, applications=[app])
    assert refused(tenant).problem.code == code


def test_an_unknown_application_is_named(tenant):
    services.store_secret(tenant=tenant, client_id=str(uuid.uuid4()), secret=SECRET, by=None)
    refusal = refused(tenant)
    assert refusal.problem.code == 700016
    assert "does not know this application" in str(refusal)


def test_an_unknown_tenant_is_named(tenant):
    tenant.entra_id = str(uuid.uuid4())
    refusal = refused(tenant)
    assert refusal.problem.code == 90002
    assert "does not know this tenant" in str(refusal)


def test_changing_the_tenant_forgets_what_was_cached_for_its_old_id(tenant, sandbox):
    token_of(tenant)
    other_id = str(uuid.uuid4())
    app = {"client_id": APP, "client_secret": SECRET}
    sandbox.put_tenant(other_id, applications=[app])
    facts = services.TenantFacts(
        tenant.name, tenant.slug, tenant.cloud, other_id, sandbox_url=sandbox.url
    )
    services.change_tenant(tenant=tenant, facts=facts, by=None)
    assert claims(token_of(tenant))["tid"] == other_id


def test_a_login_that_does_not_answer_is_worth_another_try(tenant):
    with socket.create_server(("127.0.0.1", 0)) as server:
        tenant.sandbox_url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(LoginUnreachable, match="did not answer"):
        token_of(tenant)


@contextmanager
def login_service(token_status, token_body, *, discovery_status=200, discovery_body=None):
    """A login service with fixed answers; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(discovery_status, discovery_body or self._document())

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(token_status, token_body)

        def _document(self):
            base = f"http://{self.headers['Host']}{self.path.partition('/v2.0')[0]}"
            return json.dumps(
                {
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "issuer": f"{base}/v2.0",
                    "metadata": [],  # what instance discovery answers with
                }
            )

        def _answer(self, status, text):
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://192.0.2.1/elsewhere")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args):
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


OUTAGES = [
    (500, '{"error": "server_error"}'),
    (503, "<html>Service unavailable</html>"),
    (429, '{"error": "throttled"}'),
    (200, "<html>Please sign in to the guest network</html>"),  # a captive portal
    (400, "<html>Bad request</html>"),  # a proxy, not Entra
    (200, "[]"),
    (302, ""),  # never followed: the secret would go elsewhere
]


@pytest.mark.parametrize(("status", "text"), OUTAGES)
@pytest.mark.parametrize("where", ["token", "discovery"])
def test_an_outage_of_the_login_is_not_taken_for_a_refusal(tenant, where, status, text):
    answers = {"token_status": 200, "token_body": "{}"}
    answers |= {f"{where}_status": status, f"{where}_body": text}
    with login_service(**answers) as url:
        tenant.sandbox_url = url
        with pytest.raises(LoginUnreachable, match="login service answered"):
            token_of(tenant)


def test_after_an_outage_the_next_try_succeeds(tenant, sandbox):
    with login_service(503, "{}") as url:
        tenant.sandbox_url = url
        with pytest.raises(LoginUnreachable):
            token_of(tenant)
    forget(active_credential(tenant))
    tenant.sandbox_url = sandbox.url
    assert token_of(tenant)


def test_a_refusal_without_a_known_code_shows_entras_name_for_it(tenant):
    body = json.dumps({"error": "unmet", "error_description": "AADSTS1: x", "error_codes": [1]})
    with login_service(401, body) as url:
        tenant.sandbox_url = url
        refusal = refused(tenant)
    assert (refusal.problem.code, refusal.problem.description) == (1, "AADSTS1: x")
    assert "(unmet)" in str(refusal)


def test_both_ways_of_having_no_token_are_caught_as_one():
    assert issubclass(CredentialRefused, NoToken)
    assert issubclass(LoginUnreachable, NoToken)


def test_the_secret_is_opened_only_in_its_own_tenant(tenant, southfen):
    credential = active_credential(tenant)
    assert secret_of(credential) == SECRET
    assert SECRET.encode() not in bytes(credential.sealed_secret)
    credential.tenant = southfen  # a row that was moved in the database
    with pytest.raises(Exception, match="does not belong here"):
        secret_of(credential)


def test_a_sandbox_is_asked_in_place_of_the_authority_and_there_only():
    authority = "https://login.microsoftonline.com"
    with login_service(200, "{}") as url:
        client = LoginClient(authority, url + "/")
        answer = client.get(f"{authority}/t/v2.0/.well-known/openid-configuration")
        client.close()
    # msal refuses endpoints that are not https, so the answer speaks of the authority.
    assert json.loads(answer.text)["token_endpoint"] == f"{authority}/t/oauth2/v2.0/token"
