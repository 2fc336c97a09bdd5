"""What the benchmarks share: their Python environments, tables, and their places in docs/benchmarks.md. Standard library only."""
