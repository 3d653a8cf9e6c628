"""Every table, asked directly and through pages of a portal whose own filters are gone."""

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, models, transaction
from django.urls import URLPattern, URLResolver, get_resolver

from tenants.models import AccessGrant, Customer
from tenants.row_security import everything, scope
from tests.support.row_security.registry import ADVICE, OPEN, protected_models
from tests.support.row_security.registry import models as our_models
from tests.support.row_security.world import FOREIGN, OWN, Site, World

TABLES = [pytest.param(model, id=model._meta.label) for model in protected_models()]
FORCED = """
SELECT c.relrowsecurity AND c.relforcerowsecurity
    AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive)
FROM pg_class c WHERE c.oid = %s::regclass
"""


def whose(model: type[models.Model]) -> str:
    return "id" if model is Customer else "customer_id"


def count(model: type[models.Model], customer: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {model._meta.db_table} WHERE {whose(model)} = %s", [customer]
        )
        return int(cursor.fetchone()[0])


def test_every_table_has_a_policy_or_a_reason() -> None:
    missing = []
    for model in our_models():
        with connection.cursor() as cursor:
            cursor.execute(FORCED, [model._meta.db_table])
            (protected,) = cursor.fetchone()
        if protected == (model._meta.label in OPEN):
            missing.append(ADVICE.format(label=model._meta.label, table=model._meta.db_table))
    assert not missing, "".join(missing)
    assert not OPEN.keys() - {model._meta.label for model in our_models()}, "tables that are gone"


def test_the_application_is_bound() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone()[1:] == (False, False)


@pytest.mark.parametrize("model", TABLES)
def test_rows_are_seen_within_their_customers_scope_only(
    model: type[models.Model], world: World
) -> None:
    own, other = world.customer, world.foreign
    assert (count(model, own), count(model, other)) == (0, 0), "without a scope"
    with scope([own]):
        assert count(model, own) > 0
        assert count(model, other) == 0
    with scope([own, other]):
        assert count(model, other) > 0
    with scope([]):
        assert count(model, own) == 0
    with everything():
        assert count(model, other) > 0


@pytest.mark.parametrize("model", TABLES)
def test_rows_of_another_customer_cannot_be_changed_removed_or_added(
    model: type[models.Model], world: World, admin: psycopg.Connection[Any]
) -> None:
    table, column, foreign = model._meta.db_table, whose(model), world.foreign
    pk, key = world.other[model].pk, model._meta.pk.column
    with scope([world.customer]), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {column} WHERE {key} = %s", [pk])
        assert cursor.rowcount == 0
        cursor.execute(f"DELETE FROM {table} WHERE {key} = %s", [pk])
        assert cursor.rowcount == 0
        with pytest.raises(DatabaseError, match=r"row-level security|append-only"):
            cursor.execute(
                f"UPDATE {table} SET {column} = %s WHERE {key} = %s",
                [foreign if model is not Customer else 999_999, world.own[model].pk],
            )
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        names = ", ".join(f'"{field.column}"' for field in fields if field.column != column)
        copied = admin.execute(f"SELECT {names} FROM {table} WHERE {key} = %s", [pk]).fetchone()  # type: ignore[arg-type]
        assert copied is not None
        values = [_plain(value) for value in copied]
        add = f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(values))})"
        if model is not Customer:
            add = add.replace(")", f", {column}{_more(model)})", 1)
            add, values = f"{add[:-1]}, %s{_key(model)})", [*values, foreign]
        with pytest.raises(DatabaseError, match="row-level security"):
            cursor.execute(add, values)
    found = admin.execute(f"SELECT count(*) FROM {table} WHERE {key} = %s", [pk]).fetchone()  # type: ignore[arg-type]
    assert found == (1,)


def _plain(value: Any) -> Any:
    return psycopg.types.json.Jsonb(value) if isinstance(value, dict | list) else value


def _more(model: type[models.Model]) -> str:
    return ", id" if isinstance(model._meta.pk, models.UUIDField) else ""


def _key(model: type[models.Model]) -> str:
    return ", gen_random_uuid()" if isinstance(model._meta.pk, models.UUIDField) else ""


def test_through_a_request_without_filters_each_table_gives_ones_own_rows_only(
    site: Site, world: World
) -> None:
    for who, mine in (("own", {world.customer}), ("other", {world.foreign})):
        seen = site.get("/probe/tables", who).json()["seen"]
        assert {label: set(ids) - {None} for label, ids in seen.items()} == {
            model._meta.label: mine for model in protected_models()
        }
    seen = site.get("/probe/tables", "all").json()["seen"]
    both = {world.customer, world.foreign}
    assert all(both <= set(ids) for ids in seen.values()), "the control: nothing filters here"


def addresses(rows: dict[type[models.Model], models.Model]) -> list[str]:
    """Every address of the portal, filled with what the customer has, in every way that fits."""
    names = [row.slug for row in rows.values() if hasattr(row, "slug")]  # type: ignore[attr-defined]
    ids = sorted({str(row.pk) for row in rows.values()})
    found = []
    for pattern in _patterns(get_resolver().url_patterns, ""):
        filled = [pattern]
        while any("<" in each for each in filled):
            filled = [
                each.replace(_hole(each), value, 1) if "<" in each else each
                for each in filled
                for value in (ids if _hole(each).startswith("<int") else names)
            ]
        found += filled
    return sorted({path for path in found if "logout" not in path})


def _hole(route: str) -> str:
    return route[route.index("<") : route.index(">") + 1]


def _patterns(patterns: list[Any], prefix: str) -> list[str]:
    found = []
    for each in patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            found += _patterns(each.url_patterns, route)
        elif (
            isinstance(each, URLPattern) and not set(route) & set("^$(?") and "logout" not in route
        ):
            found.append(f"/{route}")
    return found


def test_no_page_without_filters_shows_anything_foreign(site: Site, world: World) -> None:
    foreign = addresses(world.other)
    assert len(foreign) > 200
    shown = [path for path in foreign if FOREIGN in site.get(path, "own").text]
    assert not shown, shown
    # The control: to whoever may see both, the same addresses show it.
    assert sum(FOREIGN in site.get(path, "all").text for path in foreign) > 30
    assert OWN in site.get("/reports/", "own").text


def test_who_may_see_whom_can_be_read_without_a_scope(world: World) -> None:
    assert AccessGrant.objects.filter(user=world.people["own"]).count() == 1


def test_a_failed_transaction_takes_its_scope_along(world: World) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), scope([world.customer]):
        Customer.objects.extra(where=["1 / 0 = 1"]).exists()
    assert Customer.objects.count() == 0
    with scope([world.customer]):
        with pytest.raises(DatabaseError), transaction.atomic(), everything():
            Customer.objects.create(name="twice", slug=Customer.objects.values("slug")[0]["slug"])
        assert Customer.objects.count() == 1
    assert Customer.objects.count() == 0
