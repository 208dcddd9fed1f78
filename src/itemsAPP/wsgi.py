import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsAPP.settings")
# libpq reads it. A request may not hold a query longer; a migration, which starts elsewhere, may.
os.environ.setdefault("PGOPTIONS", "-c statement_timeout=30s")

application = get_wsgi_application()
