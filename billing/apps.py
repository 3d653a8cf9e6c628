"""What the calls cost."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Knows tenants and opaque labels, never a job."""

    name = "billing"

    def ready(self) -> None:
        """Say whose statements, budgets and imports are that an address names."""
        from billing.models import BillDay, Budget, Statement
        from tenants.access import names

        statements = Statement.objects.values_list("customer_id", flat=True)
        budgets = Budget.objects.values_list("customer_id", flat=True)
        names("statements", lambda pk: statements.filter(pk=pk).first())
        names("budgets", lambda pk: budgets.filter(pk=pk).first())

        def only_customer_of(pk: int) -> int | None:
            """An import with days of several customers is nobody's own."""
            found = BillDay.objects.filter(file=pk).order_by().values_list("customer_id", flat=True)
            whose = set(found.distinct()[:2])
            return whose.pop() if len(whose) == 1 else None

        names("imports", only_customer_of)
