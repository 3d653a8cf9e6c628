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
]
