"""What several actions share: arguments, sources, the flow of an import and of an upload, reports."""
