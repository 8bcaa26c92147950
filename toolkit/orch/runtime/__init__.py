"""Execute one step: the worker process, what watches it, and the entrypoint that jobs, containers and pods use."""
