"""Sessions of one person."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from tenants.models import User


def end_sessions(user: User) -> int:
    """Sign a person out everywhere; how many sessions that ended.

    A session names its person in its sealed contents only, so all that last are opened.
    """
    lasting = Session.objects.filter(expire_date__gt=timezone.now())
    theirs = [
        each.pk
        for each in lasting.iterator(500)
        if each.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    return Session.objects.filter(pk__in=theirs).delete()[0]
