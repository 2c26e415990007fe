"""Calls: the journal, filters and assertions, conduct, the timeline, and the evidence that calls relied on."""
