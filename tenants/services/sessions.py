"""The end of all sessions of a person, and of what is listed of them."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import F

from tenants.models import User


def end_sessions(person: User) -> int:
    """Sign a person out everywhere, also where nobody kept a list; inside a transaction.

    Gives how many sessions were listed.
    """
    User.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    person.refresh_from_db(fields=["session_epoch"])
    listed = list(UserSession.objects.filter(user=person))
    for session in listed:
        session.end()
    return len(listed)


def forget_ended_sessions() -> int:
    """Remove the lines of sessions that are gone; how many."""
    living = Session.objects.values("session_key")
    count: int = UserSession.objects.exclude(session_key__in=living).delete()[0]
    return count
