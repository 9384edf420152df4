"""The benchmark: how fast the program is beside the parts it is made of, as ratios taken in one run."""
