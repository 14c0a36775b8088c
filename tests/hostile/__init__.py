"""Hostile input for every standard builtin: generated calls that must end well.

``python -m tests.hostile --calls 100000`` calls builtins with operands chosen to hurt (wrong types,
huge numbers, deep nesting, broken text, bad dates, certificates and tokens) in worker processes of
bounded memory, and checks that each call ends in a value, undefined or an evaluation error in time.
"""
