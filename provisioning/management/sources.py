"""The option of commands that names one of a tenant's sources."""

from argparse import ArgumentParser

from django.core.management.base import CommandError

from provisioning.models import Source
from provisioning.selectors import sources_of
from tenants.models import Tenant


def add_source_option(parser: ArgumentParser) -> None:
    """`--source NAME`, by name or address; without it the tenant's first source is meant."""
    parser.add_argument(
        "--source", metavar="NAME", help="which source of the tenant (default: its first one)"
    )


def named_source(tenant: Tenant, name: str | None) -> Source | None:
    """The source of this name; None without a name. Raises CommandError, which lists them."""
    if not name:
        return None
    known = list(sources_of(tenant))
    wanted = name.strip().casefold()
    for each in known:
        if wanted in (each.slug, each.name.casefold()):
            return each
    names = ", ".join(each.name for each in known) or "none"
    raise CommandError(f"{tenant} has no source {name!r}. Sources: {names}.")
