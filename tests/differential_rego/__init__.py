"""Random modules compiled and evaluated by regolive and by a real OPA, the answers compared.

A tool for development (``python -m tests.differential_rego``), not a test: it needs an ``opa``
binary, and says so where there is none.
"""
