"""The pipeline as a GitHub Actions workflow: one job per step."""
