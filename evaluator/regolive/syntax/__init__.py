"""Rego's syntax: text in, tree out. Knows nothing of what a policy means."""
