"""Sekoia's LiveAPI: a stream of signals that reconnects by itself."""
