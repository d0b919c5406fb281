"""Live events of X: when to connect again, what to ask for, what an event says. Pure."""
