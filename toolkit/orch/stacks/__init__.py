"""orch.yaml: its schema, what is active, and edits in place."""
