"""The same portal on PostgreSQL and Redis: the main job, and a worker that dies on the way."""

import base64
from collections.abc import Iterator
from uuid import uuid4

import pytest

from msp_portal.demo.table import changed
from tests.support import services
from tests.support.portal import PROFILE, QUICK, Portal, open_portal, people

PEOPLE = people(150)


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, redis_url: str
) -> Iterator[Portal]:
    # As in production: the portal is a role that row-level security binds.
    roles = services.with_roles(postgres_url, f"portal{uuid4().hex[:12]}")
    production = {
        **roles.environment,
        "ADMIN_DATABASE_URL": roles.admin,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "for-tests-only-" * 4,
        "VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
    }
    portal = open_portal(tmp_path_factory.mktemp("production"), **QUICK, **production)
    portal.seed(
        ("steady", "brindlewick.example", PROFILE), ("crashing", "brindlewick.example", PROFILE)
    )
    portal.start("worker", "beat")
    yield portal
    portal.close()


def test_the_main_job(portal: Portal) -> None:
    first = portal.sync("steady", PEOPLE, "--apply")
    assert first["done"]["created"] == 150
    assert first["usage"]["calls"] == 151
    assert portal.sync("steady", PEOPLE, "--apply")["usage"]["calls"] == 0
    assert portal.sync("steady", changed(PEOPLE, 10), "--apply")["usage"]["calls"] == 10


def test_the_job_is_in_postgresql_and_the_bell_in_redis(portal: Portal) -> None:
    assert portal.rows("SELECT version() LIKE ?", "PostgreSQL%") == [(True,)]
    assert not list((portal.folder / "var").rglob("*.msg"))
    assert not (portal.folder / "var" / "portal.sqlite3").exists()


def test_a_worker_that_dies_loses_and_doubles_nothing(portal: Portal) -> None:
    table = people(400, seed=3)
    plan = portal.sync("crashing", table)
    portal.python("tests.support.approve", str(plan["job"]))
    (entra_id,) = portal.rows("SELECT entra_id FROM tenants_tenant WHERE slug = 'crashing'")[0]
    while portal.sandbox.usage(entra_id)["requests"] < 150:
        pass
    portal.kill("worker")
    portal.start("worker")
    portal.wait("SELECT state = 'finished' FROM provisioning_job WHERE id = ?", plan["job"])
    users = portal.sandbox.users(entra_id)
    assert sorted(user["externalId"] for user in users) == sorted(table.keys())
    calls = dict(
        portal.rows(
            "SELECT c.state, COUNT(*) FROM billing_call c JOIN tenants_tenant t"
            " ON t.id = c.tenant_id WHERE t.slug = 'crashing' GROUP BY c.state"
        )
    )
    counted = portal.sandbox.usage(entra_id)["requests"]
    certain = calls["answered"] + calls.get("found", 0)
    assert certain <= counted <= certain + calls.get("uncertain", 0)
