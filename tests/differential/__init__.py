"""The standard builtins against a real OPA: random calls, both answers, the differences.

A tool for development (``python -m tests.differential``), not a test: it needs an ``opa`` binary,
and says so where there is none.
"""
