"""Whether a step must run: what its result depends on, the cache key, and the decision."""
