"""Every table of the portal: under row-level security, or named here with the reason why not."""

from django.apps import apps
from django.db.models import Model

ROOMS = ("tenants", "billing", "provisioning", "msp_portal")

OPEN = {
    "tenants.User": "people of ours and of customers; read before anybody's scope is known",
    "tenants.User_groups": "belongs to User; the portal uses no groups",
    "tenants.User_user_permissions": "belongs to User; the portal uses no permissions of Django's",
    "tenants.AccessGrant": "says whose scope is what, so it is read before that is known",
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
    found = (m for room in ROOMS for m in apps.get_app_config(room).get_models(True))
    return [model for model in found if not model._meta.proxy and model._meta.managed]


def protected_models() -> list[type[Model]]:
    """Those that hold customers' data."""
    return [model for model in models() if model._meta.label not in OPEN]
