"""The server: REST, LiveAPI, the playbook callback, and faults on purpose."""
