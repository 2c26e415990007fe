"""Ways in: each turns what its client speaks into a Request and an Answer into what its client expects."""
