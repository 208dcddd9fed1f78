"""The way that many start: a list without pages, under Django's development server."""
