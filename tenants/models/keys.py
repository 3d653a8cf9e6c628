"""Which keys the portal has sealed with."""

from django.db import models


class VaultKey(models.Model):
    """A key of the ring, with a known value sealed by it: whether the ring still holds it."""

    name = models.CharField(max_length=255, unique=True)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
