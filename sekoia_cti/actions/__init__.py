"""What a playbook sees: one file an action."""
