"""What this host can prove of itself: its workload identity's token, or its managed identity's.

NoIdentity            the host has none, or it cannot be read; the operator has to act
IdentityUnreachable   the identity endpoint did not answer properly; worth another try later
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msal
from django.conf import settings

_TIMEOUT = 5.0  # seconds; the endpoint is on the host or its hypervisor, or nowhere
_NONE = "This host has no workload identity: set FEDERATED_TOKEN_FILE, or store another credential."


class NoIdentity(Exception):
    """The host has no such identity; str() is a sentence for a person."""


class IdentityUnreachable(Exception):
    """The identity endpoint did not answer properly."""


def workload_assertion() -> str:
    """The host's workload identity token, read anew each time because it rotates. NoIdentity."""
    path = settings.FEDERATED_TOKEN_FILE
    if not path:
        raise NoIdentity(_NONE)
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise NoIdentity(f"The workload identity's token cannot be read: {error}") from None


class ManagedIdentity:
    """The host's managed identity through msal (IMDS, App Service, Arc, ...), tokens in memory.

    `client_id` names a user-assigned one; empty for the system-assigned.
    """

    def __init__(self, client_id: str = "") -> None:
        who = (
            msal.UserAssignedManagedIdentity(client_id=client_id)
            if client_id
            else msal.SystemAssignedManagedIdentity()
        )
        self._client = msal.ManagedIdentityClient(who, http_client=_EndpointClient())

    def answer(self, resource: str) -> dict[str, Any]:
        """msal's answer for a resource: `access_token`, `token_source`. Raises the errors above."""
        try:
            answer: dict[str, Any] = self._client.acquire_token_for_client(resource=resource)
        except (ValueError, msal.ManagedIdentityError) as error:
            raise IdentityUnreachable(
                f"The host's identity endpoint gave no proper answer ({type(error).__name__})."
            ) from None
        if "access_token" not in answer:
            words = answer.get("error_description") or answer.get("error") or "no reason given"
            raise NoIdentity(
                f"The host gave no token for its managed identity ({words}). Check that the"
                " identity is assigned to this host."
            )
        return answer

    def assertion(self, audience: str) -> str:
        """The identity's token for a federated credential's audience."""
        return str(self.answer(audience)["access_token"])


def assertion_of(client_id: str, audience: str) -> Callable[[], str]:
    """What gives the assertion of a user-assigned managed identity, anew when it has ended."""
    return partial(ManagedIdentity(client_id).assertion, audience)


class _Answer:
    """The part of a response msal reads."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code, self.text = response.status_code, response.text
        self.headers = dict(response.headers)


class _EndpointClient:
    """HTTP client for msal; it follows no redirect and uses no proxy: the token is the host's."""

    def get(self, url: str, **kwargs: Any) -> _Answer:
        """GET as msal calls it."""
        accepted = {name: kwargs[name] for name in ("params", "headers") if name in kwargs}
        try:
            with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
                response = client.get(url, **accepted)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoIdentity(
                f"This host has no managed identity: nothing answers at {_host(url)}."
            ) from error
        except httpx.HTTPError as error:
            raise IdentityUnreachable(
                f"The host's identity endpoint at {_host(url)} did not answer."
            ) from error
        if response.status_code == 429 or response.status_code >= 500:
            raise IdentityUnreachable(
                f"The host's identity endpoint answered {response.status_code}."
            )
        return _Answer(response)

    def close(self) -> None:
        """Connections are not kept."""


def _host(url: str) -> str:
    return urlsplit(url).netloc
