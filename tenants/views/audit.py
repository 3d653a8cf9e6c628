"""The audit trail: who did what, looked through, exported, and whether it is as it was written."""

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.exports import audit_lines
from tenants.forms.audit import TrailForm
from tenants.models import AuditAnchor, AuditCheck
from tenants.trail import actions_in_trail, customers_in_trail, events_for, sees_all

_PAGE = 50
_BATCH = 500


@allowed(Action.SEE_AUDIT)
@require_safe
def audit_list(request: PortalRequest) -> HttpResponse:
    """Events, the newest first, as far as this person may see them."""
    form = TrailForm(request.GET)
    events = events_for(request.user, form.wanted())
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "filtered": any(query.values()),
        "query": query.urlencode(),
        "page": Paginator(events, _PAGE).get_page(request.GET.get("page")),
        "customers": [(each.slug, each.name) for each in customers_in_trail(request.user)],
        "actions": [(name, name) for name in actions_in_trail(request.user)],
        "all": sees_all(request.user),
        "anchor": AuditAnchor.objects.first(),
        "check": AuditCheck.objects.first(),
    }
    return render(request, "tenants/audit_list.html", context)


@allowed(Action.SEE_AUDIT)
@require_safe
def audit_csv(request: PortalRequest) -> StreamingHttpResponse:
    """The same events as CSV, however many."""
    events = events_for(request.user, TrailForm(request.GET).wanted())
    response = StreamingHttpResponse(
        audit_lines(events.iterator(_BATCH)), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response
