"""The manager of watchers under the explorer of interleavings: every schedule within a bound.

``python -m tests.explore`` runs the long form; the unit tests run a part of it.
"""
