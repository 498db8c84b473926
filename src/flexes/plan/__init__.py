"""Versioned plans: drafts, deltas, their validation, and the built-in deterministic planner."""
