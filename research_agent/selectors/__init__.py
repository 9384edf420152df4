"""How one candidate is chosen: one file each, found by name."""
