"""Benchmarks of a file's loaders: `feedline bench`. One file a question; `bench.py` puts the answers together, and
`report.py` and `advice.py` are free of torch."""
