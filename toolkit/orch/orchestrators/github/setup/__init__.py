"""`orch init`: what a repository needs for its first run, added to what is there."""
