"""Does it work, and what did it cost: tasks, trials, scores and the benchmark."""
