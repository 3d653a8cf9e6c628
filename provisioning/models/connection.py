"""What a connection test found."""

from django.db import models

from tenants.models import Credential, Customer, Tenant, User


class ConnectionTest(models.Model):
    """One test of a tenant's connection: its steps, the token's permissions, the calls it took.

    `roles` is empty where no token was given, and null where the token does not show them. `steps`
    is a list of {"key", "state", "words", "detail"}, in the order in which they were taken.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="connection_tests")
    credential = models.ForeignKey(Credential, models.SET_NULL, null=True)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True)
    worked = models.BooleanField()
    feature_off = models.BooleanField(default=False)
    roles = models.JSONField(null=True)
    steps = models.JSONField(default=list)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["tenant", "-at"], name="connection_test_by_tenant")]

    def __str__(self) -> str:
        return f"Connection test of {self.tenant}"

    @property
    def problem(self) -> str:
        """What failed first, in words with the next step; "" when all went well."""
        failed = (step["words"] for step in self.steps if step["state"] == "failed")
        return next(failed, "")
