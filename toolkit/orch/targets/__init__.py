"""One module per place where a single step runs."""
