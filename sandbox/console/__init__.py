"""The pages of the sandbox: what is in it, what came in, and what is to go wrong."""
