"""Commands of the repository that need nothing but Python: `make` runs them before there is an environment."""
