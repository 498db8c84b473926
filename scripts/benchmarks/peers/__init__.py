"""The same run in flexes, in its peers and on the bare database; no benchmark itself.

Each file but `work`, `child` and `trial` is one adaptor, written as the peer's own documentation does it. It has

- `ROWS`: SQL that counts the rows which hold the nodes' outcomes, to see that each one was stored;
- `runner(url, outputs, form)`: opens everything and yields a function that does one run of so many nodes and times
  it; a form is a way to use the peer, where one is not enough to be fair.
"""
