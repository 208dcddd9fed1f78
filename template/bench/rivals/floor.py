"""The least that a server can do for the same answer: the same SQL and the same JSON, no framework.

It is a WSGI function under the image's own gunicorn, with a pool of connections.
"""

import json
import os
from collections.abc import Callable, Iterable

import django
from psycopg_pool import ConnectionPool

SQL = "SELECT id, title, content FROM itemslist_itemlist ORDER BY id LIMIT 101"
pool = ConnectionPool(os.environ["DATABASE_URL"], kwargs={"autocommit": True}, open=False)
django.setup()  # for deploy/gunicorn.conf.py, which loads the URLs of the project


def application(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """The list of the items, as the API writes it."""
    root = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}/itemslist"
    pool.open()  # by the process that uses it, once
    with pool.connection() as connection:
        rows = connection.execute(SQL).fetchall()
    items = [
        {"id": pk, "url": f"{root}/{pk}", "title": title, "content": content}
        for pk, title, content in rows
    ]
    body = json.dumps(items, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
