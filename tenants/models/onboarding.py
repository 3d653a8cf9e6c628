"""What is agreed with a customer before the first call, and whom to ask there."""

from django.db import models

from tenants.models.customers import Customer, Tenant
from tenants.models.people import User


class Contact(models.Model):
    """Somebody at the customer, and what to ask them for."""

    class Duty(models.TextChoices):
        IDENTITY = "identity", "Directory (Application Administrator)"
        BILLING = "billing", "Azure subscription (Billing Administrator)"
        HR = "hr", "HR data"
        APPROVAL = "approval", "Approves plans"
        OTHER = "other", "Other"

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200)
    email = models.EmailField("e-mail address")
    phone = models.CharField(max_length=40, blank=True)
    duty = models.CharField("asked for", max_length=20, choices=Duty, default=Duty.IDENTITY)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "email", "duty"], name="one_contact_for_a_duty"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Readiness(models.Model):
    """What somebody at the customer has said or done for a tenant; no call can show it."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="readiness")
    licence = models.CharField(max_length=100, blank=True, help_text="What contains Entra ID P1.")
    licence_confirmed_by = models.CharField("confirmed by", max_length=200, blank=True)
    licence_confirmed_on = models.DateField("confirmed on", null=True, blank=True)
    subscription_id = models.CharField("Azure subscription id", max_length=36, blank=True)
    resource_group = models.CharField(max_length=90, blank=True)
    client_id = models.CharField("application (client) id", max_length=64, blank=True)
    shared_application = models.BooleanField(
        "multi-tenant application",
        default=False,
        help_text="Registered in the MSP's own directory; the customer consents to it.",
    )
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Readiness of {self.tenant}"
