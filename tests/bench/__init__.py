"""Benchmarks: what a decision costs here, in regopy, and written by hand in Python.

Run with ``make bench`` or ``python -m tests.bench``; ``--help`` lists the parts. Every ratio comes
from one run in one process, its peers taking turns.
"""
