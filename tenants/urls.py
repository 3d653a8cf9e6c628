"""Addresses of customers and tenants."""

from django.urls import path

from tenants.sign_in import entra
from tenants.views import api_tokens, audit, credentials, customers, notifications, people, sign_in

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
    path("audit/", audit.audit_list, name="audit_list"),
    path("audit/audit.csv", audit.audit_csv, name="audit_csv"),
    path("notifications/", notifications.notification_list, name="notification_list"),
    path("notifications/add/", notifications.notification_add, name="notification_add"),
    path("notifications/<int:pk>/", notifications.notification_edit, name="notification_edit"),
    path(
        "notifications/<int:pk>/remove/",
        notifications.notification_remove,
        name="notification_remove",
    ),
    path(
        "notifications/<int:pk>/secret/",
        notifications.notification_rotate,
        name="notification_rotate",
    ),
    path("notifications/<int:pk>/test/", notifications.notification_test, name="notification_test"),
    path(
        "notifications/messages/<int:pk>/again/",
        notifications.message_try_again,
        name="message_try_again",
    ),
    path("api-tokens/", api_tokens.api_token_list, name="api_token_list"),
    path("api-tokens/add/", api_tokens.api_token_add, name="api_token_add"),
    path("api-tokens/<int:pk>/revoke/", api_tokens.api_token_revoke, name="api_token_revoke"),
    path("people/", people.person_list, name="person_list"),
    path("people/add/", people.person_add, name="person_add"),
    path("people/<int:pk>/", people.person_detail, name="person_detail"),
    path("people/<int:pk>/role/", people.person_grant, name="person_grant"),
    path("people/<int:pk>/role/<slug:role>/remove/", people.person_revoke, name="person_revoke"),
    path("people/<int:pk>/deactivate/", people.person_deactivate, name="person_deactivate"),
    path("people/<int:pk>/reactivate/", people.person_reactivate, name="person_reactivate"),
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
