"""Addresses of the offboarding."""

from django.urls import path

from msp_portal.offboarding import views

_TENANT = "tenants/<slug:slug>/offboarding/"

urlpatterns = [
    path(_TENANT, views.tenant_offboarding, name="tenant_offboarding"),
    path(f"{_TENANT}call-off/", views.offboarding_call_off, name="offboarding_call_off"),
    path(f"{_TENANT}archive.zip", views.offboarding_archive, name="offboarding_archive"),
]
