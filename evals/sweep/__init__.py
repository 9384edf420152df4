"""Sweeps: the same questions at many budgets, bought as few deep runs and replayed, as the table `scaling` reads."""
