"""Settings, all from the environment; without DATABASE_URL the portal runs embedded in var/."""

import os
import secrets
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from tenants.pooling import clear

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("PORTAL_VAR", default=str(BASE_DIR / "var")))
EMBEDDED = "DATABASE_URL" not in os.environ


def _secret(variable: str, make: Callable[[], str]) -> str:
    """An environment variable; embedded, a value made once and kept in var/ (mode 0600)."""
    if value := os.environ.get(variable, ""):
        return value
    if not EMBEDDED:
        raise ImproperlyConfigured(f"Set {variable} in the environment (see README, production).")
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    path = VAR_DIR / variable.lower()
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(make())
    return path.read_text().strip()


DEBUG = False
SECRET_KEY = _secret("SECRET_KEY", lambda: secrets.token_urlsafe(64))
# Key ring of tenants.vault: "id:base64key,id:base64key", the first one encrypts, all decrypt.
VAULT_KEYS = _secret("VAULT_KEYS", lambda: f"k1:{b64encode(secrets.token_bytes(32)).decode()}")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "msp_portal",
    "provisioning",
    "billing",
    "tenants",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # The last: what it begins and ends is the view's alone.
    "tenants.middleware.RowSecurityMiddleware",
]

ROOT_URLCONF = "msp_portal.urls"
WSGI_APPLICATION = "msp_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "msp_portal.navigation.sidebar",
                "provisioning.views.places.place",
            ],
        },
    },
]

# Database: SQLite in WAL mode embedded, PostgreSQL by DATABASE_URL. IMMEDIATE, because a deferred
# transaction that starts reading and then writes fails at once when another writer got in between.
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR}/portal.sqlite3")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": env.float("DATABASE_TIMEOUT_SECONDS", default=20.0),
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif pool := env.int("DATABASE_POOL", default=0):
    options = {"min_size": 1, "max_size": pool, "reset": clear}
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = options
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# The role that owns the tables, for `manage.py migrate` only; that of DATABASE_URL owns nothing.
MIGRATION_DATABASE = (
    env.db("MIGRATION_DATABASE_URL") if os.environ.get("MIGRATION_DATABASE_URL") else None
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
ACCOUNT_ADAPTER = "tenants.sign_in.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
# Nobody signs up, so an address that is unknown here is a stranger's: it gets no mail.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "MSP portal: "
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default="MSP portal <msp-portal@localhost>"
)

# Whatever leaves the loopback interface is served over TLS; embedded runs are loopback only.
SECURE = env.bool("SECURE", default=not EMBEDDED)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # load balancers ask without TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# The profile's editor sends eight fields for each attribute.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
if EMBEDDED:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = EMBEDDED
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = env.str("FILE_UPLOAD_TEMP_DIR", default=None)
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=200 * 1024 * 1024)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # httpx logs each request's address at INFO; addresses carry filters with people's names.
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # A line per message and tick; slices log what matters themselves.
        "celery": {"level": "WARNING"},
        # Refusals and wrong addresses are people's; with each comes a traceback.
        "django.request": {"level": "ERROR"},
        "kombu": {"level": "WARNING"},
    },
}

# Celery is the doorbell, the database is the truth: a lost message costs one tick, no more.
REDIS_URL = env.str("REDIS_URL", default="")
BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = REDIS_URL or "embedded://localhost/"
if not REDIS_URL:
    for folder in ("queue", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 3600}
    if REDIS_URL
    else {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.1,
    }
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SOFT_TIME_LIMIT = 1500
CELERY_TASK_TIME_LIMIT = 1800
CELERY_TIMEZONE = "UTC"
# The schedule is static and its tasks are harmless when doubled: nothing to remember on disk.
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "provisioning.tick",
        "schedule": env.float("TICK_SECONDS", default=5.0),
        "options": {"expires": 30},
    },
    "purge": {"task": "provisioning.purge_snapshots", "schedule": crontab(minute="17")},
    "billing": {"task": "billing.keep_house", "schedule": crontab(minute="7")},
}

# Lanes: seconds. A request is given up before the lease can run out, and a lane whose holder died
# is free only after lease and request time, when nothing of the old holder can still arrive.
LANE_SLICE_SECONDS = env.float("LANE_SLICE_SECONDS", default=30.0)
# How often a job that is applied looks whether a person waits who goes before it.
LANE_LOOK_SECONDS = env.float("LANE_LOOK_SECONDS", default=1.0)
LANE_LEASE_SECONDS = env.float("LANE_LEASE_SECONDS", default=60.0)
SCIM_REQUEST_SECONDS = env.float("SCIM_REQUEST_SECONDS", default=30.0)
# When a lane goes on after nothing could be reached, and after a problem that a person may solve.
LANE_RETRY_SECONDS = env.float("LANE_RETRY_SECONDS", default=15.0)
LANE_PROBE_SECONDS = env.float("LANE_PROBE_SECONDS", default=60.0)
# A workload identity's token on this host, as Kubernetes and Azure project it.
FEDERATED_TOKEN_FILE = env(
    "FEDERATED_TOKEN_FILE", default=env("AZURE_FEDERATED_TOKEN_FILE", default="")
)
# Hosts (or host:port) where sandboxes may live: engineers type addresses, the portal calls them.
SANDBOX_HOSTS = env.list(
    "SANDBOX_HOSTS", default=["localhost", "127.0.0.1", "::1"] if EMBEDDED else []
)
# How many times faster than Entra's the quotas' clock of sandbox tenants runs.
SANDBOX_SPEED = env.float("SANDBOX_SPEED", default=1.0)
SCIM_THREADS = env.int("SCIM_THREADS", default=16)
SCIM_BATCH = env.int("SCIM_BATCH", default=64)
# Directories read behind their writes: how long to wait before an uncertain creation is looked up.
LOOKUP_DELAY_SECONDS = env.float("LOOKUP_DELAY_SECONDS", default=5.0)

# How many calls a worker sets aside at once from the budgets above a tenant.
BUDGET_BLOCK_CALLS = env.int("BUDGET_BLOCK_CALLS", default=500)
# How long single calls are kept; usage by hour is kept for ever.
CALL_RETENTION_DAYS = env.int("CALL_RETENTION_DAYS", default=90)

# How long a job of an offboarded tenant is waited for before its unknown outcomes stay unknown.
OFFBOARDING_PATIENCE_HOURS = env.float("OFFBOARDING_PATIENCE_HOURS", default=24.0)
SNAPSHOT_RETENTION_DAYS = env.int("SNAPSHOT_RETENTION_DAYS", default=30)
