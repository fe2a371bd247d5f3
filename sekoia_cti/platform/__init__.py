"""What the SDK and the platform require of a module: configuration, account, the base of every action, forms, storage."""
