"""Python values to files and back, exactly or not at all."""
