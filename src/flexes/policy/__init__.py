"""From authored policies to one immutable policy context, and from a signal to directive outcomes."""
