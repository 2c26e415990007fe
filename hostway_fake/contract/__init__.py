"""Facts about Hostway as data, each with its evidence. No rule, no state, no wire; standard library only."""
