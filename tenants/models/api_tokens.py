"""By what other systems read figures: tokens of the API."""

from django.db import models
from django.db.models import Q

from tenants.domain.reach import Reach, Scope
from tenants.models.customers import Customer
from tenants.models.people import User


class ApiToken(models.Model):
    """A key to the API, for all customers or those listed; it works as long as its maker may bill.

    Only the digest is kept: 256 random bits need no slow hash, and a copy of the database opens
    nothing.
    """

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(
        max_length=10,
        choices=[(Scope.ALL.value, "All customers"), (Scope.LISTED.value, "Only")],
    )
    customers = models.ManyToManyField(Customer, blank=True, related_name="+")
    created_by = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_on = models.DateField(null=True, help_text="UTC day; noted once a day.")
    revoked_at = models.DateTimeField(null=True)
    warned_days = models.SmallIntegerField(
        null=True, help_text="The last threshold people were told of; 0: that it has expired."
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope__in=[Scope.ALL.value, Scope.LISTED.value]),
                name="a_token_is_for_all_or_listed",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")), name="a_token_expires_later"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reach(self) -> Reach:
        """The customers as a value; read by id, because nobody's scope is known yet."""
        rows = ApiToken.objects.filter(pk=self.pk, customers__isnull=False)
        return Reach(Scope(self.scope), frozenset(rows.values_list("customers", flat=True)))

    @property
    def where(self) -> str:
        """The customers in words."""
        if self.scope == Scope.ALL:
            return "all customers"
        return ", ".join(sorted(each.name for each in self.customers.all())) or "none"
