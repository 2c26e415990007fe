"""Hostway's rules as pure functions: a state, a command and an instant give a new state or a `Refusal`."""
