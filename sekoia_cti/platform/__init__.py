"""What the SDK and the platform want of a module: configuration, account, the base of every action, forms, storage."""
