"""Addresses of the onboarding."""

from django.urls import path

from msp_portal.onboarding import views

_TENANT = "tenants/<slug:slug>/onboarding/"
_CONTACTS = "customers/<slug:slug>/contacts/"

urlpatterns = [
    path(_TENANT, views.tenant_onboarding, name="tenant_onboarding"),
    path(f"{_TENANT}lookup/", views.onboarding_lookup, name="onboarding_lookup"),
    path(f"{_TENANT}script/<slug:kind>/", views.onboarding_script, name="onboarding_script"),
    path(f"{_TENANT}<slug:step>/", views.onboarding_note, name="onboarding_note"),
    path(_CONTACTS, views.contact_list, name="contact_list"),
    path(f"{_CONTACTS}<int:pk>/", views.contact_edit, name="contact_edit"),
    path(f"{_CONTACTS}<int:pk>/remove/", views.contact_remove, name="contact_remove"),
]
