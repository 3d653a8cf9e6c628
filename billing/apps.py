"""What the calls cost."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Knows tenants and opaque labels, never a job."""

    name = "billing"

    def ready(self) -> None:
        """Say whose statements and budgets are that an address names."""
        from billing.models import Budget, Statement
        from tenants.access import names

        statements = Statement.objects.values_list("customer_id", flat=True)
        budgets = Budget.objects.values_list("customer_id", flat=True)
        names("statements", lambda pk: statements.filter(pk=pk).first())
        names("budgets", lambda pk: budgets.filter(pk=pk).first())
