"""Rules, pure: a state, a command and an instant in, a new state or a Refusal out. No clock, no chance, no HTTP."""
