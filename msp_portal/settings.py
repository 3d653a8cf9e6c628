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

from tenants.domain.clouds import CLOUDS
from tenants.domain.guid import is_guid
from tenants.domain.roles import Role
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
# Crash pages and reports show no values: any of them may be a secret or a person's.
DEFAULT_EXCEPTION_REPORTER_FILTER = "msp_portal.crash_pages.NoValues"
SECRET_KEY = _secret("SECRET_KEY", lambda: secrets.token_urlsafe(64))


def _key_ring() -> str:
    """Keys of tenants.vault from VAULT_KEYS, or one a line from the file VAULT_KEYS_FILE names."""
    path = os.environ.get("VAULT_KEYS_FILE", "")
    if not path:
        made = f"k1:{b64encode(secrets.token_bytes(32)).decode()}"
        return _secret("VAULT_KEYS", lambda: made)
    if os.environ.get("VAULT_KEYS"):
        raise ImproperlyConfigured("Set VAULT_KEYS or VAULT_KEYS_FILE, not both.")
    try:
        with open(path, encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise ImproperlyConfigured(
                    f"VAULT_KEYS_FILE: others than its owner may open {path}; chmod 600 it."
                )
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"VAULT_KEYS_FILE cannot be read: {error}") from None
    return ",".join(line for line in lines if line and not line.startswith("#"))


# Key ring of tenants.vault: "id:base64key,id:base64key", the first one encrypts, all decrypt.
VAULT_KEYS = _key_ring()
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
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    # The first: whatever answers has the request's id.
    "tenants.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    # Before the sessions': the API has none.
    "tenants.api.ApiMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Needs to know who asks: moves the end of their session as they work.
    "tenants.sign_in.sessions.SessionEndMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.sign_in.limits.LimitMiddleware",
    "tenants.sign_in.required.FactorRequiredMiddleware",
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
ACCOUNT_ADAPTER = "tenants.sign_in.accounts.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
# Nobody signs up, so an address that is unknown here is a stranger's: it gets no mail.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "MSP portal: "
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of each change of password and factors
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
# Attempts: per address and per account. Who may set them back is whoever signs in, or waits.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
# How many proxies stand in front: the address of whoever asks is that many from the right of
# X-Forwarded-For, and what is further left was written by themselves.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0 if EMBEDDED else 1)
MFA_ADAPTER = "tenants.sign_in.factors.SealedFactorsAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {"add_webauthn": "tenants.forms.factors.AddPasskeyForm"}
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "MSP portal"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an administrator entered it
_ROLES = frozenset(role.value for role in Role)
MFA_REQUIRED_ROLES = frozenset(
    env.list(
        "MFA_REQUIRED_ROLES",
        default=[] if EMBEDDED else [*_ROLES & {"admin", "engineer", "approver"}],
    )
)
if _unknown := sorted(MFA_REQUIRED_ROLES - _ROLES):
    raise ImproperlyConfigured(
        f"MFA_REQUIRED_ROLES: {', '.join(_unknown)} is no role. Roles: {', '.join(sorted(_ROLES))}."
    )
# Sign-in with Microsoft Entra: only people of the listed tenants whom an administrator invited.
ENTRA_CLIENT_ID = env.str("ENTRA_CLIENT_ID", default="")
ENTRA_ALLOWED_TENANTS = frozenset(t.lower() for t in env.list("ENTRA_ALLOWED_TENANTS", default=[]))
# Of these, tenants whose conditional access demands a second factor for this application.
ENTRA_MFA_TENANTS = frozenset(t.lower() for t in env.list("ENTRA_MFA_TENANTS", default=[]))
if ENTRA_CLIENT_ID and not (ENTRA_ALLOWED_TENANTS and all(map(is_guid, ENTRA_ALLOWED_TENANTS))):
    raise ImproperlyConfigured(
        "ENTRA_ALLOWED_TENANTS has to list the ids (GUIDs) of the tenants whose people sign in."
    )
if not ENTRA_MFA_TENANTS <= ENTRA_ALLOWED_TENANTS:
    raise ImproperlyConfigured("ENTRA_MFA_TENANTS names a tenant that is not in the allowed ones.")
_cloud = CLOUDS.get(env.str("ENTRA_CLOUD", default="global"))
if _cloud is None:
    raise ImproperlyConfigured(f"ENTRA_CLOUD is none of {', '.join(CLOUDS)}.")
ENTRA_AUTHORITY = _cloud.authority
SOCIALACCOUNT_ADAPTER = "tenants.sign_in.identities.IdentitiesAdapter"
SOCIALACCOUNT_PROVIDERS = (
    {
        "entra": {
            "APP": {
                "client_id": ENTRA_CLIENT_ID,
                "secret": env.str("ENTRA_CLIENT_SECRET", default=""),
            }
        }
    }
    if ENTRA_CLIENT_ID
    else {}
)
INVITATION_HOURS = env.float("INVITATION_HOURS", default=72.0)
# A session ends when nobody did anything for a while, and at the end of a working day in any case.
SESSION_IDLE_MINUTES = env.float("SESSION_IDLE_MINUTES", default=60.0)
SESSION_HOURS = env.float("SESSION_HOURS", default=12.0)
SESSION_COOKIE_AGE = int(SESSION_IDLE_MINUTES * 60)
ACCOUNT_SESSION_REMEMBER = True  # no box to tick: how long it lasts is not a person's choice
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# Longer than a mail server needs, and shorter than a worker's claim on a message.
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default="MSP portal <msp-portal@localhost>"
)

# What links in messages begin with, e.g. https://portal.example.com
SITE_URL = env.str(
    "SITE_URL", default=next(iter(CSRF_TRUSTED_ORIGINS), "http://127.0.0.1:8000")
).rstrip("/")
# Webhooks into private networks, and without TLS: where receivers stand beside the portal.
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)
# Whether the proxy in front sets X-Request-ID itself; otherwise anybody could.
TRUST_REQUEST_ID = env.bool("TRUST_REQUEST_ID", default=False)
# Where anchors of the audit trail go, once a day: best where the database's administrators cannot.
AUDIT_ANCHOR_DIR = Path(env.str("AUDIT_ANCHOR_DIR", default=str(VAR_DIR / "anchors")))

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
    "formatters": {"plain": {"format": "%(levelname)s %(name)s [%(request_id)s]: %(message)s"}},
    "filters": {"request_id": {"()": "tenants.request_ids.RequestIdFilter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["request_id"],
        }
    },
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
# Counters of attempts: shared by the web servers in Redis; embedded there is one, and its memory.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
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
    "sessions": {"task": "tenants.clear_sessions", "schedule": crontab(hour="3", minute="41")},
    "purge": {"task": "provisioning.purge_snapshots", "schedule": crontab(minute="17")},
    "deliver": {"task": "tenants.deliver", "schedule": 30.0, "options": {"expires": 30}},
    "watch_audit": {"task": "tenants.watch_audit", "schedule": crontab(hour="0", minute="23")},
    "expiry": {"task": "tenants.watch_expiry", "schedule": crontab(hour="5", minute="23")},
    "billing": {"task": "billing.keep_house", "schedule": crontab(minute="7")},
    "watch_costs": {"task": "billing.watch", "schedule": 300.0, "options": {"expires": 300}},
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
# Who invoices, as FOCUS rows name them.
FOCUS_ISSUER = env.str("FOCUS_ISSUER", default="MSP portal")
# A cost export, unpacked; it is read three times while the person waits.
BILL_MAX_BYTES = env.int("BILL_MAX_BYTES", default=500 * 1024 * 1024)
# How long single calls are kept; usage by hour is kept for ever.
CALL_RETENTION_DAYS = env.int("CALL_RETENTION_DAYS", default=90)

# How long a job of an offboarded tenant is waited for before its unknown outcomes stay unknown.
OFFBOARDING_PATIENCE_HOURS = env.float("OFFBOARDING_PATIENCE_HOURS", default=24.0)
SNAPSHOT_RETENTION_DAYS = env.int("SNAPSHOT_RETENTION_DAYS", default=30)
