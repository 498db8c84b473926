"""The shipped example: a marketing campaign that adapts, is killed, goes on, and can say why."""
