"""What benchmarks stand on: the host, empty databases and bare floors; no benchmarks themselves."""
