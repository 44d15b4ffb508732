"""How fast mail may leave: decided purely, from what was configured, what was heard, and the time."""
