"""From a user's module to a graph: decorators, tracing, loading."""
