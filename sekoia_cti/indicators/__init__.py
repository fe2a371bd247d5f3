"""Pure functions over what people write down as indicators: no I/O, no network, no SDK."""
