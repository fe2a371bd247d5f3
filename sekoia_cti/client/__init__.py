"""Sekoia as a client sees it: REST, LiveAPI, and what makes an import finished. Knows no playbook and no SDK."""
