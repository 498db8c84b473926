"""The run aggregate: commands, events, state, and the three pure functions decide, evolve and outstanding."""
