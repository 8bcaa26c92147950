"""A pipeline as a picture: Graphviz's language, Graphviz itself, and a page around what it draws."""
