"""Read questions and texts: what code does better than a small model, and the closed questions left to one."""
