"""Fuzzing of the parser and the compiler: any text gives a tree or a policy error.

``python -m tests.fuzz --seconds 60 --target parser`` looks for texts that give something else:
another exception, a hang, the end of the process.
"""
