"""What is tidied up once a day."""

from celery import shared_task
from django.core.management import call_command

from tenants.row_security import over_everything
from tenants.services.sessions import forget_ended_sessions


@shared_task(name="tenants.clear_sessions")
@over_everything
def clear_sessions() -> None:
    """Remove sessions that are over, and what is listed of them."""
    call_command("clearsessions")
    forget_ended_sessions()
