"""Sekoia's REST API: what it can do, over one bounded and repeated call."""
