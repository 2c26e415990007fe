"""The API without a wire: a Request in, an Answer out. No framework, no socket."""
