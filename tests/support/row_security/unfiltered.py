"""The portal without its own filters, and pages that look behind it: `gunicorn ...unfiltered`.

Whoever is signed in may do everything at every customer, as far as the portal's code goes.
"""

import os
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.decorators import login_not_required  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402

from tenants import selectors  # noqa: E402
from tenants.models import AuditEvent, Customer, Tenant  # noqa: E402
from tenants.row_security import outside_transaction  # noqa: E402
from tenants.services import record  # noqa: E402
from tests.support.row_security.registry import protected_models  # noqa: E402


def remove_filters() -> None:
    """Put a body without a filter into the functions that everybody has imported by name."""
    selectors.may.__code__ = (lambda viewer, action: True).__code__
    everybody = lambda viewer, action: Customer.objects.all()  # noqa: E731
    selectors.customers_for.__code__ = everybody.__code__
    every = lambda viewer, action: Tenant.objects.select_related("customer")  # noqa: E731
    selectors.tenants_for.__code__ = every.__code__


def customers_of(model: type[Any]) -> list[int | None]:
    """Whose rows of a table are seen, without a filter."""
    name = "pk" if model is Customer else "customer_id"
    return sorted(set(model._base_manager.order_by().values_list(name, flat=True)), key=str)


def standing() -> dict[str, Any]:
    """The connection as it is: server process, settings, transaction, tenants it sees."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_backend_pid(), coalesce(current_setting('portal.customers', true), '')"
        )
        pid, customers = cursor.fetchone()
    return {
        "pid": pid,
        "customers": customers,
        "atomic": connection.in_atomic_block,
        "tenants": Tenant.objects.count(),
    }


def tables(request: HttpRequest) -> HttpResponseBase:
    """Whose rows are seen, by table."""
    seen = {model._meta.label: customers_of(model) for model in protected_models()}
    return JsonResponse({"seen": seen, **standing()})


@login_not_required
def nobody(request: HttpRequest) -> HttpResponseBase:
    """What the connection sees for a visitor."""
    return JsonResponse(standing())


@login_not_required
def careless(request: HttpRequest) -> HttpResponseBase:
    """Leaves a scope on the connection, as code that knows no better might."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('portal.customers', 'all', false)")
    return JsonResponse(standing())


def write(request: HttpRequest) -> HttpResponseBase:
    """Write for a customer and tell on commit; then answer, fail, or break the transaction."""
    customer, then = request.GET["customer"], request.GET.get("then")
    record("probe", by=None, customer=Customer(pk=int(customer)), subject="probe")
    transaction.on_commit(lambda: _tell("committed\n"))
    if then == "fail":
        raise RuntimeError("as asked")
    if then == "break":
        Customer.objects.create(name="again", slug=Customer.objects.values("slug")[0]["slug"])
    return JsonResponse(standing())


def events(request: HttpRequest) -> HttpResponseBase:
    """What was written by the probe."""
    found = AuditEvent.objects.filter(action="probe").values_list("pk", flat=True)
    return JsonResponse({"events": list(found)})


def stream(request: HttpRequest) -> HttpResponseBase:
    """Rows that are read while they are sent."""

    def parts() -> Any:
        yield "begin\n"
        for customer in Tenant.objects.values_list("customer_id", flat=True).iterator(1):
            yield f"{customer}\n"

    return StreamingHttpResponse(parts())


@outside_transaction
def outside(request: HttpRequest) -> HttpResponseBase:
    """A view that may make calls."""
    if request.GET.get("then") == "fail":
        raise RuntimeError("as asked")
    return JsonResponse(standing())


def _tell(text: str) -> None:
    with Path(os.environ["BELL"]).open("a") as file:
        file.write(text)


urlpatterns = [
    path("probe/tables", tables),
    path("probe/nobody", nobody),
    path("probe/careless", careless),
    path("probe/write", write),
    path("probe/events", events),
    path("probe/stream", stream),
    path("probe/outside", outside),
    path("", include("msp_portal.urls")),
]
settings.ROOT_URLCONF = __name__
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
remove_filters()
application = get_wsgi_application()
