"""The settings of the project. docs/configuration.md explains the environment variables."""

import logging
from pathlib import Path
from typing import Any

from django.core.management.utils import get_random_secret_key
from environs import FileAwareEnv, validate

from itemsAPP.logs import hide_tokens, hide_tokens_in_event

BASE_DIR = Path(__file__).resolve().parents[2]
env = FileAwareEnv(eager=False, strip_whitespace=True)  # env.seal() reports all errors at once
env.read_env(BASE_DIR / ".env", recurse=False)
required: Any = ...  # what environs takes for "no default"
not_empty = validate.Length(min=1, error="Must not be empty.")
PRODUCTION = {env.str(name, None) for name in ("DATABASE_URL", "PGHOST", "PGDATABASE")} != {None}
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "data")  # of the demo
if not PRODUCTION:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = env.bool("DEBUG", False)
COMMIT_SHA = env.str("COMMIT_SHA", "") or None

# Security. https://docs.djangoproject.com/en/stable/topics/security/
if PRODUCTION:
    key = validate.Regexp("(?!django-insecure-).{50}", error="Must have 50 random characters.")
    SECRET_KEY = env.str("SECRET_KEY", validate=key)
elif not (SECRET_KEY := env.str("SECRET_KEY", "")):
    key_file = DATA_DIR / "secret-key"
    key_file.touch(mode=0o600)
    if not key_file.read_text():
        key_file.write_text(get_random_secret_key())
    SECRET_KEY = key_file.read_text()
hosts = [not_empty, validate.ContainsNoneOf(["*", ""], error="Must name each host.")]
local = required if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", local, subcast=str.strip, validate=hosts)
HTTPS = env.bool("HTTPS", PRODUCTION)
scheme = "https" if HTTPS else "http"
origins = [f"{scheme}://{'*' if host[0] == '.' else ''}{host}" for host in ALLOWED_HOSTS or []]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", origins, subcast=str.strip)
NUM_PROXIES = env.int("NUM_PROXIES", int(PRODUCTION), validate=validate.Range(min=0))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 3600 if HTTPS else 0, validate=validate.Range(min=0))
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # HSTS of other people's subdomains
CONTENT_SECURITY_POLICY = {  # https://django-csp.readthedocs.io/
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "img-src": ["'self'", "data:"],  # the icons in the style sheet of /docs/
        "style-src": ["'self'", "'unsafe-inline'"],  # style attributes of the browsable API
    },
}
PERMISSIONS_POLICY = dict.fromkeys(["camera", "geolocation", "microphone", "payment", "usb"], ())
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", 2**20, validate=validate.Range(min=1))
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", 10 * 2**20, validate=validate.Range(min=1))

# Applications and requests. https://docs.djangoproject.com/en/stable/ref/settings/
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "django_tasks",
    "django_tasks_db",
    "accounts",
    "itemslist",
    "django_cleanup",  # last: it looks for the file fields of all others
]
MIDDLEWARE = [
    "itemsAPP.middleware.log_requests",  # answers the load balancer first
    "csp.middleware.CSPMiddleware",  # these two are on every response, also on errors
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "itemsAPP.middleware.refuse_bad_requests",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "itemsAPP.middleware.DatabaseErrorMiddleware",
]
ROOT_URLCONF = "itemsAPP.urls"
WSGI_APPLICATION = "itemsAPP.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "src/itemsAPP/templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
TIME_ZONE = "UTC"
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}  # python manage.py db_worker

# Database and cache. https://docs.djangoproject.com/en/stable/ref/databases/
if env.str("DATABASE_URL", None) is not None:
    database: dict[str, Any] = env.dj_db_url("DATABASE_URL") or {"ENGINE": ""}
elif PRODUCTION:
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": env.str("PGHOST", validate=not_empty),
        "NAME": env.str("PGDATABASE", validate=not_empty),
        "USER": env.str("PGUSER", validate=not_empty),
        "PASSWORD": env.str("PGPASSWORD", validate=not_empty),
    }
else:
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "db.sqlite3"}
database["CONN_HEALTH_CHECKS"] = True  # the pool checks a connection before it hands it out
options = database.setdefault("OPTIONS", {})
if database["ENGINE"].endswith((".postgresql", ".postgis")):
    pool_size = env.int("DB_POOL_SIZE", 4, validate=validate.Range(min=1))  # of each process
    options.setdefault("connect_timeout", 5)  # seconds, like those of the pool
    options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 5, "reconnect_timeout": 5}
    options["tcp_user_timeout"] = 30_000  # milliseconds, for a server that vanished in a failover
elif database["ENGINE"].endswith(".sqlite3"):
    options.update(timeout=20, init_command="PRAGMA journal_mode=WAL", transaction_mode="IMMEDIATE")
DATABASES = {"default": database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
schema = {"LOCATION": "schema", "OPTIONS": {"MAX_ENTRIES": 9}}  # apart, because it is large
CACHES: dict[str, Any] = {"default": memory, "schema": memory | schema}
if env.str("CACHE_URL", ""):
    redis = validate.URL(schemes={"redis", "rediss"}, require_tld=False)
    CACHES["default"] = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": env.str("CACHE_URL", validate=redis),
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5},  # seconds
    }
DJANGO_REDIS_IGNORE_EXCEPTIONS = DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True  # no request fails

# Accounts. django-axes limits guesses at passwords: https://django-axes.readthedocs.io/
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["accounts.backends.Lockout", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL, LOGIN_REDIRECT_URL = "rest_framework:login", "api-root"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "itemsAPP.middleware.client_ip"
AXES_USERNAME_CALLABLE = "accounts.backends.username"
AXES_DISABLE_ACCESS_LOG = True  # its table grows with every login
AXES_VERBOSE = False

# Mail. https://docs.djangoproject.com/en/stable/topics/email/
sender = env.str("DEFAULT_FROM_EMAIL", "")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = sender or "webmaster@localhost"
PASSWORD_RESET = True
PASSWORD_RESET_TIMEOUT = 3600  # seconds that a link works
if env.str("EMAIL_URL", ""):
    smtp = validate.URL(schemes={"smtp", "submission"}, require_tld=False)
    env.str("EMAIL_URL", validate=smtp)
    globals().update(env.dj_email_url("EMAIL_URL") or {}, EMAIL_TIMEOUT=10)  # seconds
elif sender:
    EMAIL_BACKEND = "anymail.backends.amazon_ses.EmailBackend"
    limits = {"connect_timeout": 3, "read_timeout": 10, "retries": {"total_max_attempts": 2}}
    region = env.str("AWS_REGION", validate=not_empty)
    ANYMAIL = {"AMAZON_SES_CLIENT_PARAMS": {"region_name": region, "config": limits}}
elif PRODUCTION:
    PASSWORD_RESET = False  # nobody would get the mail
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Files and logs. https://docs.djangoproject.com/en/stable/topics/logging/
STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", "") or None
WHITENOISE_ROOT = BASE_DIR / "src/itemsAPP/root"  # what browsers ask for at /
WHITENOISE_USE_FINDERS = not STATIC_ROOT
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT, MEDIA_URL = DATA_DIR / "media", "media/"  # of the demo
AWS_STORAGE_BUCKET_NAME = env.str("AWS_STORAGE_BUCKET_NAME", "")
if AWS_STORAGE_BUCKET_NAME:
    region = env.str("AWS_REGION", validate=not_empty)
    bucket = {"bucket_name": AWS_STORAGE_BUCKET_NAME, "region_name": region}
    STORAGES["default"] = {"BACKEND": "itemsAPP.storage.S3Storage", "OPTIONS": bucket}
    host = f"https://{AWS_STORAGE_BUCKET_NAME}.s3.{region}.amazonaws.com"
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"].append(host)
if STATIC_ROOT:
    STORAGES["staticfiles"]["BACKEND"] = "whitenoise.storage.CompressedManifestStaticFilesStorage"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "dockerflow.logging.RequestIdLogFilter"},
        "tokens": {"()": "django.utils.log.CallbackFilter", "callback": hide_tokens},
    },
    "formatters": {
        "json": {"()": "dockerflow.logging.MozlogFormatter", "logger_name": "itemsAPP"},
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id", "tokens"],
            "formatter": "json" if PRODUCTION else "plain",
        },
    },
    "root": {"handlers": ["console"], "level": env.log_level("LOG_LEVEL", logging.INFO)},
    "loggers": {
        "django": {"level": "INFO"},
        "django.request": {"level": "ERROR"},  # the others have a line from request.summary
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.server": {"level": "ERROR"},
        "gunicorn.error": {"propagate": True},
        "psycopg.pool": {"level": "WARNING"},
    },
}

# REST framework. https://www.django-rest-framework.org/api-guide/settings/
ANONYMOUS_WRITES = env.bool("ANONYMOUS_WRITES", not PRODUCTION)
rate = validate.Regexp(r"off$|\d+/(second|minute|hour|day)$", error="Like 600/minute, or off.")
ANONYMOUS_RATE = env.str("ANONYMOUS_RATE", "600/minute" if PRODUCTION else "off", validate=rate)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
    "DEFAULT_PAGINATION_CLASS": "itemsAPP.pagination.LinkPagination",
    "DEFAULT_PARSER_CLASSES": [
        "itemsAPP.parsers.NestedJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": None if ANONYMOUS_RATE == "off" else ANONYMOUS_RATE},
    "EXCEPTION_HANDLER": "itemsAPP.exceptions.exception_handler",
    "NUM_PROXIES": NUM_PROXIES,
    "PAGE_SIZE": 100,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Items",
    "COMPONENT_SPLIT_REQUEST": True,  # what a client sends has no read-only fields
    "POSTPROCESSING_HOOKS": ["itemsAPP.schema.describe_errors"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/favicon.ico",
    "SWAGGER_UI_SETTINGS": {"validatorUrl": None},  # asks another server otherwise
}

# Errors. https://docs.sentry.io/platforms/python/integrations/django/
dsn = validate.Regexp(r"$|https?://\w+@[^/]+/(.+/)?\d+$", error="Like https://KEY@HOST/PROJECT.")
SENTRY_DSN = env.str("SENTRY_DSN", "", validate=dsn)
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", "") or None

env.seal()

if SENTRY_DSN:
    import sentry_sdk
    from sentry_sdk.integrations.logging import ignore_logger

    sentry_sdk.init(
        dsn=SENTRY_DSN,
        release=COMMIT_SHA,
        environment=SENTRY_ENVIRONMENT,
        before_send=hide_tokens_in_event,
        include_local_variables=False,  # they, and bodies, may have anything
        max_request_body_size="never",
    )
    ignore_logger("django_redis.cache")  # while Redis is away, each request has a line
