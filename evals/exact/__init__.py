"""Tasks whose right figures are known beforehand: made from a seed, solved in seconds, set beside their closed form."""
