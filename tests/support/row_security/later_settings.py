"""The portal's settings with one app more."""

from msp_portal.settings import *  # noqa: F403
from msp_portal.settings import INSTALLED_APPS as _PORTAL

INSTALLED_APPS = ["tests.support.row_security.later", *_PORTAL]
