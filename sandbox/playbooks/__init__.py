"""The runner: playbooks in Sekoia's export format, run the way the platform does."""
