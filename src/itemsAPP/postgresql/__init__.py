"""Django's PostgreSQL, with a look at the connection in place of a question to the server."""
