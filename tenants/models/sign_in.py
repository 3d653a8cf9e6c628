"""How people come to their first sign-in."""

from django.db import models

from tenants.models.people import User


class Invitation(models.Model):
    """A link that works once: whoever opens it sets a password, or binds a Microsoft identity.

    Only the digest of its key is kept, so that a copy of the database opens nothing.
    """

    person = models.ForeignKey(User, models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Invitation of {self.person}"


class FirstRun(models.Model):
    """That the first administrator was made: one row at most, for ever."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    person = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_first_run")]

    def __str__(self) -> str:
        return f"First administrator: {self.person or 'removed since'}"
