"""The command line: one file per command; parses, calls, renders; holds no rule of the domain."""
