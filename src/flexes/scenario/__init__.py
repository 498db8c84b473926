"""Scripted runs on a virtual clock: a policy author's dry run."""
