"""The least that a server can do for the same answer: the same SQL and the same JSON, no framework.

It is a WSGI function under the image's gunicorn.conf.py, with a connection for each thread.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable

import django
import psycopg

SQL = "SELECT id, title, content FROM itemslist_itemlist ORDER BY id LIMIT 101"
URL = os.environ["DATABASE_URL"]
threads = threading.local()
django.setup()  # for deploy/gunicorn.conf.py, which loads the URLs of the project


def connection() -> psycopg.Connection | sqlite3.Connection:
    """The thread's own connection."""
    if not hasattr(threads, "connection"):
        if URL.startswith("sqlite"):
            threads.connection = sqlite3.connect(URL.removeprefix("sqlite:///"))
        else:
            threads.connection = psycopg.connect(URL, autocommit=True)
    return threads.connection


def application(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """The list of the items, as the API writes it."""
    root = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}/itemslist"
    rows = connection().execute(SQL).fetchall()
    items = [
        {"id": pk, "url": f"{root}/{pk}/", "title": title, "content": content}
        for pk, title, content in rows
    ]
    body = json.dumps(items, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
