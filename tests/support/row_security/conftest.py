"""No test database is made and nothing is rolled back: this is the application on its database."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.support.row_security.world import Site, World, build, serving


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database was migrated by its owner before."""


@pytest.fixture(scope="session", autouse=True)
def _database(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture(scope="session")
def world(_database: None) -> World:
    """Two customers with a row in every table."""
    return build()


@pytest.fixture(scope="session")
def site(world: World) -> Iterator[Site]:
    """The portal without its own filters, with a connection that is kept."""
    with serving(world) as found:
        yield found


@pytest.fixture(scope="session")
def pooled(world: World) -> Iterator[Site]:
    """The same with a pool of one connection."""
    with serving(world, DATABASE_POOL="1") as found:
        yield found


@pytest.fixture
def admin() -> Iterator[psycopg.Connection[Any]]:
    """A connection of the server's administrator, whom no policy binds."""
    with psycopg.connect(os.environ["ADMIN_DATABASE_URL"], autocommit=True) as found:
        yield found
