"""Pages about tokens of the API: which there are, another one, and their end."""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tenants.access import PortalRequest, allowed, visible
from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Action
from tenants.forms.api_tokens import ApiTokenForm
from tenants.models import ApiToken
from tenants.selectors import customers_for, may, reach_of, tokens_for, viewer_of
from tenants.services.api_tokens import TokenRefused, create_token, revoke_token


@dataclass(frozen=True, slots=True)
class Row:
    """A token in the list; `ended` says how, `asleep` that its maker may not bill any more."""

    token: ApiToken
    ended: str
    asleep: bool


@require_safe
@allowed(Action.BILL)
def api_token_list(request: PortalRequest) -> HttpResponse:
    """One's own tokens, and those of everybody to who changes people's access."""
    now = timezone.now()
    rows = [_row(token, now) for token in tokens_for(request.user)]
    context = {
        "rows": [row for row in rows if not row.ended],
        "ended": [row for row in rows if row.ended],
        "everybodys": may(request.user, Action.EDIT_PEOPLE),
    }
    return render(request, "tenants/api_token_list.html", context)


@never_cache
@allowed(Action.BILL)
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]
def api_token_add(request: PortalRequest) -> HttpResponse:
    """Another token, which is shown in the answer and never again."""
    form = ApiTokenForm(
        request.POST or None,
        customers=customers_for(request.user, Action.BILL).order_by("name"),
        all_customers=reach_of(request.user, Action.BILL) == EVERYWHERE,
        now=timezone.now(),
    )
    if request.method == "POST" and form.is_valid():
        try:
            row, token = create_token(
                name=form.cleaned_data["name"],
                reach=form.reach,
                expires_at=form.expires_at,
                by=request.user,
            )
        except TokenRefused as refused:
            form.add_error(None, str(refused))
        else:
            root = request.build_absolute_uri("/api/v1/")
            context = {"row": row, "token": token.reveal(), "root": root}
            return render(request, "tenants/api_token_shown.html", context)
    status = 422 if form.errors else 200
    return render(request, "tenants/api_token_form.html", {"form": form}, status=status)


@require_POST
@allowed(Action.BILL)
def api_token_revoke(request: PortalRequest, pk: int) -> HttpResponse:
    """End a token for ever."""
    token = visible(tokens_for(request.user), pk=pk)
    if revoke_token(token=token, by=request.user):
        messages.success(request, f"{token} opens nothing any more.")
    return redirect("api_token_list")


def _row(token: ApiToken, now: datetime) -> Row:
    if token.revoked_at is not None:
        return Row(token, "Revoked", asleep=False)
    if token.expires_at <= now:
        return Row(token, "Expired", asleep=False)
    return Row(token, "", asleep=not viewer_of(token).kept_reaches)
