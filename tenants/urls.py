"""Addresses of customers and tenants."""

from django.urls import path

from tenants.views import credentials, customers, people

urlpatterns = [
    path("customers/add/", customers.customer_add, name="customer_add"),
    path("customers/<slug:slug>/tenants/add/", customers.tenant_add, name="tenant_add"),
    path("tenants/<slug:slug>/settings/", customers.tenant_edit, name="tenant_edit"),
    path(
        "tenants/<slug:slug>/credential/", credentials.tenant_credential, name="tenant_credential"
    ),
    path("people/", people.person_list, name="person_list"),
    path("people/add/", people.person_add, name="person_add"),
    path("people/<int:pk>/", people.person_detail, name="person_detail"),
    path("people/<int:pk>/role/", people.person_grant, name="person_grant"),
    path("people/<int:pk>/role/<slug:role>/remove/", people.person_revoke, name="person_revoke"),
    path("people/<int:pk>/deactivate/", people.person_deactivate, name="person_deactivate"),
    path("people/<int:pk>/reactivate/", people.person_reactivate, name="person_reactivate"),
]
