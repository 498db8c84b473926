"""Read models of flexes runs, rebuilt from the event log at any time."""
