"""Transports: each translates between what its client speaks and the `Request` and `Response` of the service."""
