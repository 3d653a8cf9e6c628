"""Every table is erased, blanked, or kept for a reason: none is forgotten."""

from django.apps import apps

from provisioning.services.erasure import BLANKED, DELETED, KEPT

OURS = ("tenants", "provisioning", "billing")


def test_every_table_is_named_once() -> None:
    tables = {
        model._meta.label for name in OURS for model in apps.get_app_config(name).get_models()
    }
    named = [model._meta.label for model, _ in DELETED] + [*BLANKED, *KEPT]
    assert len(named) == len(set(named))
    assert set(named) == tables, (
        "A new table with people's data is deleted (DELETED) or blanked (BLANKED) when a tenant is"
        " offboarded; any other is listed in KEPT with the reason."
    )


def test_what_is_kept_says_why() -> None:
    assert all(len(reason) > 5 for reason in KEPT.values())
