"""A deep-research agent that treats search as compute."""
