"""How candidates are made out of chains: one file each, found by name."""
