"""What a caller sends: the task envelope, its output contract, facets and their paths, the capability catalog."""
