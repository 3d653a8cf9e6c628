"""Every table of the portal: under row-level security, or named here with the reason why not."""

from django.apps import apps
from django.db.models import Model

ROOMS = ("tenants", "billing", "provisioning", "msp_portal")
# allauth's tables are about people of ours, read before anybody's scope is known.
SIGN_IN = ("account", "mfa", "socialaccount", "usersessions")

OPEN = {
    "tenants.User": "people of ours and of customers; read before anybody's scope is known",
    "tenants.User_groups": "belongs to User; the portal uses no groups",
    "tenants.User_user_permissions": "belongs to User; the portal uses no permissions of Django's",
    "tenants.AccessGrant": "says whose scope is what, so it is read before that is known",
    "tenants.ApiToken": "a digest that says whose scope is what; read before that is known",
    "tenants.ApiToken_customers": "belongs to ApiToken, and names customers by id only",
    "tenants.AuditHead": "a count and a hash of the one chain",
    "tenants.AuditAnchor": "counts and hashes of the one chain",
    "tenants.AuditCheck": "counts, and numbers of events",
    "tenants.AccessGrant_customers": "belongs to AccessGrant, and names customers by id only",
    "tenants.Invitation": "a digest for a person of ours; read by whoever is not signed in yet",
    "tenants.FirstRun": "one row about the portal itself; read by whoever is not signed in yet",
    "account.EmailAddress": "an address of a person of ours, looked up to sign in",
    "account.EmailConfirmation": "belongs to EmailAddress",
    "mfa.Authenticator": "a factor of a person of ours, sealed; asked for before they are in",
    "socialaccount.SocialAccount": "a Microsoft identity of a person of ours, looked up to sign in",
    "socialaccount.SocialApp": "empty: the application is in the settings",
    "socialaccount.SocialToken": "empty: no token is kept",
    "usersessions.UserSession": "a session of a person of ours",
    "tenants.VaultKey": "names of the portal's keys, each with a known value sealed by it",
    "billing.BillFile": "when which file was imported; whose days it held is in BillDay",
    "billing.PriceBookEntry": "Microsoft's prices, the same for everybody",
    "billing.StatementNumber": "how many statements were closed in a year",
    "billing.ExchangeRate": "rates between currencies, the same for everybody",
    "provisioning.ProfileTemplate": "the MSP's own; holds no customer's data",
    "provisioning.ApplicationPace": "a counter per application, over all its tenants",
}

ADVICE = """
{label} ({table}) has no forced row-level security. Does it hold data of a customer?
  Yes: give it `customer`, and a migration with
         from tenants.row_security import protect
         operations = [..., protect("{table}")]
       protect("{table}", shared=True) where rows without a customer are the MSP's own;
       protect_by_parent("{table}", column="..._id", parent="...") where it only hangs on a row.
  No:  name it in OPEN of tests/support/row_security/registry.py with the reason.
"""


def models() -> list[type[Model]]:
    """Every model with a table in the portal's rooms, those of many-to-many fields too."""
    found = (m for room in ROOMS + SIGN_IN for m in apps.get_app_config(room).get_models(True))
    return [model for model in found if not model._meta.proxy and model._meta.managed]


def protected_models() -> list[type[Model]]:
    """Those that hold customers' data."""
    return [model for model in models() if model._meta.label not in OPEN]
