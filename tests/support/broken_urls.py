"""The portal's addresses and one whose page fails."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def boom(request: HttpRequest) -> HttpResponse:
    """Fail, as no page should."""
    raise RuntimeError("as asked")


urlpatterns = [path("boom/", boom), path("", include("msp_portal.urls"))]
