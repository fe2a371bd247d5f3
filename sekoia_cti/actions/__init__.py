"""What a playbook sees: one file per action."""
