"""Figures for docs/benchmarks.md, each beside its peer in the same run."""
