"""Settings of the project. The environment decides, and nonsense in it is an error.

With no database configured this is a demo on SQLite. With DATABASE_URL, or libpq's PGHOST and
its kin, it is a production service, which refuses to start on an incomplete configuration.
"""

from pathlib import Path

from environs import validate

from itemsAPP.environment import (
    LIBPQ_VARIABLES,
    Environment,
    cache_at,
    kept_secret_key,
    make_writable,
    origins_of,
)

BASE_DIR = Path(__file__).resolve().parents[2]

# The environment. https://docs.djangoproject.com/en/5.2/topics/settings/
env = Environment()
PRODUCTION = env.has("DATABASE_URL", *LIBPQ_VARIABLES)
DEBUG = env.bool("DEBUG", False)
HTTPS = env.bool("HTTPS", PRODUCTION)
HSTS_SECONDS = env.int("HSTS_SECONDS", 3600, validate=validate.Range(min=0))
ANONYMOUS_WRITES = env.bool("ANONYMOUS_WRITES", not PRODUCTION)
ANONYMOUS_RATE = env.rate("ANONYMOUS_RATE", "600/minute" if PRODUCTION else "off")
LOGIN_RATE = env.rate("LOGIN_RATE", "10/minute")
MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", 1048576, validate=validate.Range(min=1))
NUM_PROXIES = env.int("NUM_PROXIES", int(PRODUCTION), validate=validate.Range(min=0, max=9))
CACHE_URL = env.cache_url("CACHE_URL", "")
COMMIT_SHA = env.str("COMMIT_SHA", "") or None
LOG_LEVEL = env.log_level("LOG_LEVEL", "INFO")
STATIC_ROOT = env.str("STATIC_ROOT", None)
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS", "")
if PRODUCTION:
    SECRET_KEY = env.secret("SECRET_KEY")
    ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS")
    database = env.database()
    env.seal()
else:
    SECRET_KEY = env.str("SECRET_KEY", None)
    ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    data_dir = env.path("DATA_DIR", BASE_DIR / "data")
    env.seal()
    make_writable(data_dir)
    SECRET_KEY = SECRET_KEY or kept_secret_key(data_dir / "secret-key")
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": data_dir / "db.sqlite3"}

# Applications and requests. https://docs.djangoproject.com/en/5.2/ref/settings/#core-settings
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "itemslist",  # before the framework, because its templates replace the framework's
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "itemsAPP.health.HealthMiddleware",  # answers the load balancer before all others
    "csp.middleware.CSPMiddleware",  # these two are on every answer, be it an error
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "itemsAPP.middleware.limit_body",
    "django.middleware.security.SecurityMiddleware",
    "itemsAPP.middleware.append_slash",
    "django.middleware.common.CommonMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "itemsAPP.middleware.ClientErrorMiddleware",
    "itemsAPP.middleware.DatabaseErrorMiddleware",
]
ROOT_URLCONF = "itemsAPP.urls"
WSGI_APPLICATION = "itemsAPP.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

# Database. https://docs.djangoproject.com/en/5.2/ref/databases/
DATABASE_DEFAULTS = {
    "django.db.backends.postgresql": {
        "ENGINE": "itemsAPP.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,  # seconds
            "tcp_user_timeout": 30_000,  # milliseconds, for a server that vanished in a failover
        },
    },
    "django.db.backends.sqlite3": {
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode = WAL",
            "timeout": 20,  # seconds
            "transaction_mode": "IMMEDIATE",
        },
    },
}
defaults = DATABASE_DEFAULTS.get(database["ENGINE"], {})
options = defaults.get("OPTIONS", {}) | database.get("OPTIONS", {})
DATABASES = {"default": database | defaults | {"OPTIONS": options}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# HTTPS behind a load balancer. https://docs.djangoproject.com/en/5.2/topics/security/
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS else 0
CSRF_TRUSTED_ORIGINS = CSRF_TRUSTED_ORIGINS or origins_of(ALLOWED_HOSTS, https=HTTPS)
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # the subdomains may be somebody else's, who has no HTTPS
    "security.W021",  # the browsers' preload list is for the domain's owner to ask for
]

# What pages may load and ask for. https://django-csp.readthedocs.io/en/4.0/configuration.html
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "form-action": ["'self'"],
        "img-src": ["'self'", "data:"],  # the icons in the style sheet of /docs/
        "style-src": ["'self'", "'unsafe-inline'"],  # style attributes of the browsable API
        **{key: ["'none'"] for key in ("base-uri", "frame-ancestors", "object-src")},
    },
}
PERMISSIONS_POLICY = dict.fromkeys(("camera", "geolocation", "microphone", "payment", "usb"), ())

# Limits, and where they are counted. https://docs.djangoproject.com/en/5.2/topics/cache/
CACHES = {"default": cache_at(CACHE_URL)}
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

# Accounts. https://docs.djangoproject.com/en/5.2/topics/auth/
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = ["itemsAPP.throttling.ThrottledModelBackend"]
LOGIN_REDIRECT_URL = "api-root"

# Languages and time zone. https://docs.djangoproject.com/en/5.2/topics/i18n/
LANGUAGES = [("en", "English")]  # the image has the translations of these
TIME_ZONE = "UTC"

# Static files. https://docs.djangoproject.com/en/5.2/howto/static-files/
STATIC_URL = "static/"
WHITENOISE_ROOT = BASE_DIR / "src/itemsAPP/root"  # what browsers ask for at /
WHITENOISE_USE_FINDERS = not STATIC_ROOT
if STATIC_ROOT:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # nobody asks for the others

# Logs on standard output. https://docs.djangoproject.com/en/5.2/topics/logging/
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "dockerflow.logging.RequestIdLogFilter"}},
    "formatters": {
        "json": {"()": "dockerflow.logging.MozlogFormatter", "logger_name": "itemsAPP"},
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
    },
    "handlers": {
        "stdout": {
            "class": "itemsAPP.logs.BatchingHandler" if PRODUCTION else "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "filters": ["request_id"],
            "formatter": "json" if PRODUCTION else "plain",
        },
    },
    "root": {"handlers": ["stdout"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": "INFO"},
        # Requests that were refused have their line already, from request.summary.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.server": {"level": "ERROR"},
        "gunicorn.error": {"propagate": True},  # the server's own lines, in the same format
    },
}
DOCKERFLOW_VERSION_CALLBACK = "itemsAPP.health.version"

# REST framework. https://www.django-rest-framework.org/api-guide/settings/
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "itemslist.pagination.LinkPagination",
    "DEFAULT_SCHEMA_CLASS": "itemslist.schema.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["itemsAPP.throttling.AnonymousThrottle"],
    "EXCEPTION_HANDLER": "itemslist.exceptions.exception_handler",
    "NUM_PROXIES": NUM_PROXIES,
    "PAGE_SIZE": 100,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Items",
    "VERSION": "1",
    "COMPONENT_SPLIT_REQUEST": True,  # what a client sends has no read-only fields
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/favicon.ico",
    "SWAGGER_UI_SETTINGS": {"validatorUrl": None},  # asks another server otherwise
}
