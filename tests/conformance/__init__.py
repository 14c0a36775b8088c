"""OPA's compliance cases, run from their plans and from their modules.

``python -m tests.conformance [FILE]``; what a case holds is said in the README beside the file.
"""
