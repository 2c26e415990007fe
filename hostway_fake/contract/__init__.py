"""Facts about Hostway as data, each with its evidence. There are no rules and no state here."""
