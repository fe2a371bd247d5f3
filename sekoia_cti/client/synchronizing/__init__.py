"""Makes a collection follow a feed: compares the two, and does what has to be done."""
