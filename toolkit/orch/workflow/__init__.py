"""GitHub's YAML as typed data: model, expressions, text, limits and checks. Knows nothing of pipelines."""
