"""Sign-in with Microsoft Entra, for people of several tenants: a provider of our own.

allauth's Microsoft provider knows people by their Graph id alone, and its OpenID Connect one wants
the issuer of the common endpoint, which holds a placeholder. Here it is the code flow with PKCE and
a nonce, and `id_tokens` decides.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse

from tenants.row_security import outside_transaction
from tenants.services.invitations import digest_of
from tenants.sign_in.id_tokens import Expected, Identity, Refused, identity_of

# The form's field, and where the flow's state has its digest.
INVITATION = "invitation"


class EntraAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Where Entra is, and what is made of its answer."""

    basic_auth = False
    _nonce = ""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, EntraProvider.id)

    @property
    def openid_config(self) -> dict[str, str]:
        """Addresses as Microsoft's reference has them; people of one tenant go straight there."""
        allowed = settings.ENTRA_ALLOWED_TENANTS
        home = next(iter(allowed)) if len(allowed) == 1 else "organizations"
        base = f"{settings.ENTRA_AUTHORITY}/{home}/oauth2/v2.0"
        return {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token"}

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """The redirect address that the app registration has to list."""
        url: str = build_absolute_uri(request, reverse("entra_callback"))
        return url

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: str = ""
    ) -> Any:
        """Redeem the code; the verifier is this browser's, and the nonce hangs on it."""
        self._nonce = _nonce_of(pkce_code_verifier)
        return super().get_access_token_data(request, app, client, pkce_code_verifier)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any
    ) -> SocialLogin:
        """Who it is, by the ID token alone; raises Refused."""
        expected = Expected(
            authority=settings.ENTRA_AUTHORITY,
            client_id=app.client_id,
            nonce=self._nonce,
            tenants=settings.ENTRA_ALLOWED_TENANTS,
            strict=settings.ENTRA_MFA_TENANTS,
        )
        found = identity_of(str(kwargs["response"].get("id_token", "")), expected, _keys_of)
        return self.get_provider().sociallogin_from_response(request, found)


class EntraProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """Microsoft Entra; a person is `tid:oid`."""

    id = "entra"
    name = "Microsoft"
    oauth2_adapter_class = EntraAdapter
    pkce_enabled_default = True
    supports_token_authentication = False

    def __init__(self, request: HttpRequest, app: SocialApp = None) -> None:
        super().__init__(request, app=app)
        self.name = "Microsoft"

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        """Where sign-in begins (POST)."""
        return reverse("entra_login")

    def get_callback_url(self) -> str:
        """Where Entra sends people back to."""
        return reverse("entra_callback")

    def get_oauth2_adapter(self, request: HttpRequest) -> EntraAdapter:
        """What talks to Entra."""
        return EntraAdapter(request)

    def get_pkce_params(self) -> dict[str, str]:
        """PKCE's, and a nonce that only the session with the verifier can work out."""
        params: dict[str, str] = super().get_pkce_params()
        return {**params, "nonce": _nonce_of(params["code_verifier"])}

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Where to go afterwards, and the invitation that this sign-in is to use up.

        Nothing else of the flow is taken from the request.
        """
        found = super().get_redirect_from_request_kwargs(request)
        kept = {"next_url": found["next_url"]} if "next_url" in found else {}
        key = request.POST.get(INVITATION)
        data = {INVITATION: digest_of(key)} if key else None
        return {**kept, "process": AuthProcess.LOGIN, "data": data}

    def get_default_scope(self) -> list[str]:
        """No e-mail: it proves nothing."""
        return ["openid", "profile"]

    def extract_uid(self, data: Identity) -> str:
        """What the account is bound to."""
        return data.uid

    def extract_extra_data(self, data: Identity) -> dict[str, Any]:
        """To be shown, and whether a second factor was given this time."""
        return {"tid": data.tid, "oid": data.oid, "name": data.name, "factor": data.factor}

    def extract_common_fields(self, data: Identity) -> dict[str, Any]:
        """Nothing of a token becomes part of an account."""
        return {}

    def extract_email_addresses(self, data: Identity) -> list[Any]:
        """None, so that nobody is found by one."""
        return []


def _nonce_of(verifier: str) -> str:
    digest = hashlib.sha256(b"nonce/" + verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _keys_of(tid: str) -> Mapping[str, Any]:
    """A tenant's signing keys; raises Refused when Microsoft does not answer as it should."""
    authority = settings.ENTRA_AUTHORITY
    try:
        with get_adapter().get_requests_session() as session:
            answer = session.get(f"{authority}/{tid}/discovery/v2.0/keys")
            answer.raise_for_status()
            found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Refused("Microsoft's keys could not be read. Try again in a moment.") from error
    if not isinstance(found, dict):
        raise Refused("Microsoft's keys could not be read. Try again in a moment.")
    return found


@outside_transaction
@login_not_required
def login(request: HttpRequest) -> HttpResponseBase:
    """Send a person to Microsoft; 404 where that is not set up."""
    return _run(OAuth2LoginView, request)


@outside_transaction
@login_not_required
def callback(request: HttpRequest) -> HttpResponseBase:
    """Take a person back from Microsoft."""
    return _run(OAuth2CallbackView, request)


def _run(view: Any, request: HttpRequest) -> HttpResponseBase:
    if not settings.ENTRA_CLIENT_ID:
        raise Http404
    response: HttpResponseBase = view.adapter_view(EntraAdapter(request))(request)
    return response
