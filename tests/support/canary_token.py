"""Makes a token of the API in a portal, and prints it: for whoever looks for it afterwards."""

import sys

import django

django.setup()

from tenants.models import User  # noqa: E402
from tests.support.api import make_token  # noqa: E402

print(make_token(User.objects.get(email=sys.argv[1]))[1])
