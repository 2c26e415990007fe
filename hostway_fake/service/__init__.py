"""The API without a connection: a `Request` gives a `Response`. There is no framework and no socket here."""
