"""Pipelines as typed data: graph, parameters, settings, conditions, states and records. Knows nothing of GitHub."""
