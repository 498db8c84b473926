"""The command line: one file a command group; whatever is heavy is imported inside the commands."""
