"""What others see of a run, as pure functions of its events: frames, plan history, audit rows."""
