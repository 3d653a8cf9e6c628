"""Addresses of customers and tenants."""

from django.urls import path

from tenants.sign_in import entra
from tenants.views import credentials, customers, sign_in

urlpatterns = [
    path("accounts/entra/login/", entra.login, name="entra_login"),
    path("accounts/entra/callback/", entra.callback, name="entra_callback"),
    path("accounts/entra/cancelled/", sign_in.cancelled, name="socialaccount_login_cancelled"),
    path("invitation/<str:key>/", sign_in.invitation, name="invitation"),
    path("first-run/", sign_in.first_run, name="first_run"),
    path("people/<int:pk>/invite/", sign_in.person_invite, name="person_invite"),
    path(
        "people/<int:pk>/reset-factors/", sign_in.person_reset_factors, name="person_reset_factors"
    ),
    path("customers/add/", customers.customer_add, name="customer_add"),
    path("customers/<slug:slug>/tenants/add/", customers.tenant_add, name="tenant_add"),
    path("tenants/<slug:slug>/settings/", customers.tenant_edit, name="tenant_edit"),
    path(
        "tenants/<slug:slug>/credential/", credentials.tenant_credential, name="tenant_credential"
    ),
]
