"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")

application = get_wsgi_application()

from django.db import connections  # noqa: E402 - after the apps are loaded

from tenants.services.keys import open_ring  # noqa: E402

# A process that cannot read what is stored does not begin to answer.
open_ring()
connections.close_all()
