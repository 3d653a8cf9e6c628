"""Leaks a word wherever is looked for secrets: `python -m tests.support.canary_leak WORD`."""

import os
import sys

import django


def main() -> None:
    """Into a row (database, fixtures, pages), and into a message that no task is for."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from celery import current_app

    from tenants.row_security import everything
    from tenants.services import record

    with everything():
        record("canary.leaked", by=None, customer=None, subject=sys.argv[1])
    current_app.send_task("canary.nobody", kwargs={"leaked": sys.argv[1]})


if __name__ == "__main__":
    main()
