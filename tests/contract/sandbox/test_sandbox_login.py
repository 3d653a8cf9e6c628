"""The token endpoint as msal and other clients use it."""

from typing import Any

import httpx
import msal

from tests.contract.sandbox.helpers import Directory
from tests.support.sandbox import SCOPE


def test_the_secret_may_come_as_http_basic(directory: Directory) -> None:
    url = f"{directory.sandbox.url}/{directory.tenant}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    answer = directory.sandbox.control.post(url, data=form, auth=("app", "secret"))
    assert answer.status_code == 200


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
