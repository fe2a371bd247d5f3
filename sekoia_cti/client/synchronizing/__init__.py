"""How a collection follows its feed: what differs, and what has to be done about it."""
