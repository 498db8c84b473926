"""Where events are kept: one port, its codec and digest chain, and a store for each database."""
