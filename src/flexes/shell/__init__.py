"""The thin shell around the pure heart: the facade, the driver loop, clocks and capabilities."""
