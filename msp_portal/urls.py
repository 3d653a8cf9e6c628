"""Every address of the portal."""

from allauth.account.urls import urlpatterns as account_urls
from django.urls import include, path

from msp_portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    # Without the page that changes one's addresses: an administrator says whose they are.
    path("accounts/", include([each for each in account_urls if each.name != "account_email"])),
    path("accounts/two-factor/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("customers/", views.customer_list, name="customer_list"),
    path("tenants/<slug:slug>/", views.tenant_detail, name="tenant_detail"),
    path("", include("msp_portal.onboarding.urls")),
    path("", include("msp_portal.offboarding.urls")),
    path("", include("tenants.urls")),
    path("", include("provisioning.urls")),
    path("", include("billing.urls")),
]
