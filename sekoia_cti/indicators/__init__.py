"""Pure functions that read indicators as people write them: no I/O, no network, no SDK."""
