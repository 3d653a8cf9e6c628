"""Who did what."""

from django.db import models

from tenants.models.customers import Customer
from tenants.models.people import User


class AuditEvent(models.Model):
    """Who did what; written in the transaction of the change itself, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(User, models.SET_NULL, null=True)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["customer", "-at"], name="audit_by_customer")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
