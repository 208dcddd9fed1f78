import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsAPP.settings")
os.environ.setdefault("PGOPTIONS", "-c statement_timeout=30s")  # of requests, not of migrations

application = get_wsgi_application()
