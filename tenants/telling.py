"""Reads of destinations and messages; the person asking comes first."""

from django.db.models import Q, QuerySet

from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Action
from tenants.models import Destination, Message, User
from tenants.selectors import customers_for, reach_of


def destinations_for(viewer: User) -> QuerySet[Destination]:
    """Destinations of the customers one works for; the MSP's own for who works for all of them."""
    rows = Destination.objects.filter(_theirs(viewer, "customer"))
    return rows.select_related("customer")


def messages_for(viewer: User) -> QuerySet[Message]:
    """Messages to those destinations, the newest first."""
    return Message.objects.filter(_theirs(viewer, "destination__customer")).select_related(
        "customer", "destination"
    )


def works_for_all(viewer: User) -> bool:
    """Whether this person keeps the notifications of all customers."""
    return reach_of(viewer, Action.EDIT_NOTIFICATIONS) == EVERYWHERE


def _theirs(viewer: User, path: str) -> Q:
    theirs = Q(**{f"{path}__in": customers_for(viewer, Action.EDIT_NOTIFICATIONS)})
    return theirs | Q(**{path: None}) if works_for_all(viewer) else theirs
