"""The ratios that the README quotes, and the command that measures them again: ``python -m benchmarks``."""
