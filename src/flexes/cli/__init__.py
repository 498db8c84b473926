"""The flexes command line, one file a command group."""
