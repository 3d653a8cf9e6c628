"""Addresses of customers and tenants."""

from django.urls import path

from tenants.views import credentials, customers

urlpatterns = [
    path("customers/add/", customers.customer_add, name="customer_add"),
    path("customers/<slug:slug>/tenants/add/", customers.tenant_add, name="tenant_add"),
    path("tenants/<slug:slug>/settings/", customers.tenant_edit, name="tenant_edit"),
    path(
        "tenants/<slug:slug>/credential/", credentials.tenant_credential, name="tenant_credential"
    ),
    path(
        "tenants/<slug:slug>/credential/<int:pk>/test/",
        credentials.tenant_credential_test,
        name="tenant_credential_test",
    ),
    path(
        "tenants/<slug:slug>/credential/<int:pk>/switch/",
        credentials.tenant_credential_switch,
        name="tenant_credential_switch",
    ),
    path(
        "tenants/<slug:slug>/credential/<int:pk>/remove/",
        credentials.tenant_credential_remove,
        name="tenant_credential_remove",
    ),
    path(
        "tenants/<slug:slug>/credential/<int:pk>/certificate.<slug:ending>",
        credentials.tenant_credential_file,
        name="tenant_credential_file",
    ),
]
