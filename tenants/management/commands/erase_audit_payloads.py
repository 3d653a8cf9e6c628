"""Erase what the audit trail says of somebody: `manage.py erase_audit_payloads --person EMAIL`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tenants.management.base import OperatorCommand
from tenants.management.people import named_person
from tenants.models import Customer, User
from tenants.services import audit_erasure
from tenants.services.audit_erasure import ErasureRefused


class Command(OperatorCommand):
    """Erases payloads; that something was done, when and for which customer stays verifiable."""

    help = "Erase the payloads of the audit trail that name a person, or those of a customer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose payloads, and who erases them."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--person", metavar="EMAIL", help="address of whom they name")
        whose.add_argument("--customer", metavar="SLUG", help="short name of the customer")
        parser.add_argument("--as", dest="by", metavar="EMAIL", required=True, help="who erases")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, and say how much."""
        by = named_person(options["by"])
        try:
            erased = self._erase(by, options)
        except ErasureRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{erased:,} payloads erased.")

    def _erase(self, by: User, options: dict[str, Any]) -> int:
        audit_erasure.require_eraser(by)
        if options["person"]:
            email = options["person"].strip()
            if "@" not in email:
                raise CommandError(f"{email} is no address.")
            rows = audit_erasure.payloads_of_person(email)
            return audit_erasure.erase_payloads(rows, by=by, reason="asked for by a person")
        customer = Customer.objects.filter(slug=options["customer"]).first()
        if customer is None:
            raise CommandError(f"There is no customer {options['customer']!r}.")
        rows = audit_erasure.payloads_of_customer(customer)
        return audit_erasure.erase_payloads(rows, by=by, reason="customer", customer=customer)
