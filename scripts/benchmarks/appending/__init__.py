"""What the benchmark of writers appends with, and how it counts what was stored."""
