"""Microsoft identities and the people of the portal: bound by an invitation, by nothing else."""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest
from django.shortcuts import render

from tenants.services.invitations import InvitationOver, bind_identity
from tenants.sign_in.entra import INVITATION


class IdentitiesAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Who comes from Entra is known, invited, or refused."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Sign-up is closed."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Bind an identity that an invitation waits for; refuse one that nobody knows."""
        invitation = (sociallogin.state.get("data") or {}).get(INVITATION)
        if invitation is not None:
            self._bind(request, sociallogin, invitation)
        elif not sociallogin.is_existing:
            self._refuse(
                request,
                "This Microsoft account is not known here. An administrator of this portal has to"
                " invite you: open the link in that mail, and sign in with Microsoft from there.",
            )

    def _bind(self, request: HttpRequest, login: SocialLogin, digest: str) -> None:
        try:
            bind_identity(digest=digest, account=login.account)
        except InvitationOver as error:
            self._refuse(request, str(error))
        login.user = login.account.user
        self.send_notification_mail(
            "tenants/email/identity_bound", login.user, {"identity": login.account.extra_data}
        )

    def _refuse(self, request: HttpRequest, words: str) -> Any:
        page = render(request, "tenants/identity_refused.html", {"words": words}, status=403)
        raise ImmediateHttpResponse(page)
