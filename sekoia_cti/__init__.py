"""Sekoia CTI: a security team's own threat intelligence into Sekoia.io, from a playbook."""
