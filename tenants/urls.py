"""Addresses of customers and tenants."""

from django.urls import path

from tenants import views

urlpatterns = [
    path("customers/add/", views.customer_add, name="customer_add"),
    path("customers/<slug:slug>/tenants/add/", views.tenant_add, name="tenant_add"),
    path("tenants/<slug:slug>/settings/", views.tenant_edit, name="tenant_edit"),
    path("tenants/<slug:slug>/credential/", views.tenant_credential, name="tenant_credential"),
]
