"""The token endpoint and the documents msal asks for."""

import re
from typing import Any

import httpx
import jwt
import msal
import pytest

from tests.contract.sandbox.helpers import Directory
from tests.support.sandbox import SCOPE

FORM = {
    "grant_type": "client_credentials",
    "client_id": "app",
    "client_secret": "secret",
    "scope": SCOPE,
}


def _token(directory: Directory, name: str | None = None, **changes: Any) -> httpx.Response:
    form = {key: value for key, value in {**FORM, **changes}.items() if value is not None}
    url = f"{directory.sandbox.url}/{name or directory.tenant}/oauth2/v2.0/token"
    return directory.sandbox.control.post(url, data=form)


def test_a_token_has_the_documented_shape_and_claims(directory: Directory) -> None:
    answer = _token(directory).json()
    token = answer.pop("access_token")
    assert answer == {"token_type": "Bearer", "expires_in": 3599}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == "https://graph.microsoft.com"
    assert claims["iss"] == f"https://sts.windows.net/{directory.tenant}/"
    assert claims["tid"] == directory.tenant
    assert (claims["ver"], claims["appidacr"], claims["idtyp"]) == ("1.0", "1", "app")
    assert (claims["appid"], claims["oid"]) == ("app", claims["sub"])
    assert claims["exp"] - claims["iat"] == 3599
    assert "User.ReadWrite.All" in claims["roles"]
    assert "scp" not in claims


def test_the_tenant_may_be_named_by_a_verified_domain(directory: Directory) -> None:
    assert _token(directory, f"{directory.tenant}.EXAMPLE").status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": "nobody"}, 400, "unauthorized_client", 700016),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"scope": "https://graph.microsoft.com/User.Read.All"}, 400, "invalid_scope", 70011),
        ({"scope": "https://vault.example/.default"}, 400, "invalid_resource", 500011),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"client_assertion": "x", "client_secret": None}, 400, "invalid_request", 900144),
    ],
)
def test_a_refusal_is_as_documented(
    directory: Directory, changes: dict, status: int, error: str, code: int
) -> None:
    answer = _token(directory, **changes)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert re.match(
        rf"AADSTS{code}: .* Trace ID: {body['trace_id']} Correlation ID: {body['correlation_id']} "
        rf"Timestamp: {body['timestamp']}$",
        body["error_description"],
    )
    assert directory.usage()["requests"] == 0  # token requests are no SCIM requests


def test_an_unknown_tenant_is_90002(directory: Directory) -> None:
    answer = _token(directory, "nowhere.example")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


@pytest.mark.parametrize(("flag", "code"), [("secret_expired", 7000222), ("blocked", 53003)])
def test_an_application_can_be_unusable(directory: Directory, flag: str, code: int) -> None:
    app = {"client_id": "app", "client_secret": "secret", flag: True}
    directory.sandbox.put_tenant(directory.tenant, applications=[app])
    assert _token(directory).json()["error_codes"] == [code]


def test_the_secret_may_come_as_http_basic(directory: Directory) -> None:
    url = f"{directory.sandbox.url}/{directory.tenant}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    answer = directory.sandbox.control.post(url, data=form, auth=("app", "secret"))
    assert answer.status_code == 200


def test_a_token_expires_and_the_refused_call_is_counted(directory: Directory) -> None:
    directory.settings(token_lifetime_seconds=0)
    with directory.sandbox.client(_token(directory).json()["access_token"]) as scim:
        answer = scim.get("/users")
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Access token has expired or is not yet valid."
    assert directory.usage()["by_status"] == {"401": 1}


def test_the_documents_name_the_requests_own_host(directory: Directory) -> None:
    base, tenant = directory.sandbox.url, directory.tenant
    get = directory.sandbox.control.get
    document = get(f"{base}/{tenant}.example/v2.0/.well-known/openid-configuration").json()
    assert document["token_endpoint"] == f"{base}/{tenant}/oauth2/v2.0/token"
    assert document["issuer"] == f"{base}/{tenant}/v2.0"
    query = {"authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize"}
    instance = get(f"{base}/common/discovery/instance", params=query).json()
    expected = f"{base}/{tenant}/v2.0/.well-known/openid-configuration"
    assert instance["tenant_discovery_endpoint"] == expected
    missing = get(f"{base}/nowhere.example/v2.0/.well-known/openid-configuration")
    assert missing.json()["error_codes"] == [90002]


class _Rewriting:
    """What msal sends to the production authority goes to the sandbox."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        public = "https://login.microsoftonline.com"
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "login.microsoftonline.com"}
        headers |= options.pop("headers", None) or {}
        options.pop("timeout", None)
        target = url.replace(public, self._directory.sandbox.url)
        options = {key: value for key, value in options.items() if value is not None}
        return self._directory.sandbox.control.request(method, target, headers=headers, **options)

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self._send("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self._send("POST", url, **options)

    def close(self) -> None:
        """Nothing of its own to close."""


def _msal(directory: Directory, secret: str) -> dict[str, Any]:
    app = msal.ConfidentialClientApplication(
        "app",
        authority=f"https://login.microsoftonline.com/{directory.tenant}",
        client_credential=secret,
        http_client=_Rewriting(directory),
    )
    return app.acquire_token_for_client([SCOPE])


def test_msal_gets_a_token_that_opens_the_directory(directory: Directory) -> None:
    token = _msal(directory, "secret")["access_token"]
    with directory.sandbox.client(token) as scim:
        assert scim.get("/users").status_code == 200


def test_msal_reports_a_wrong_secret(directory: Directory) -> None:
    assert _msal(directory, "wrong")["error_codes"] == [7000215]
