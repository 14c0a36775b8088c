"""Wrong policies, each from a rule of the language, with what OPA says of them.

A chapter is a TOML file: cases with an id, the rule of the language in a sentence, flags, modules,
and the errors that ``opa check`` reports (``python -m tests.corpus.record`` writes those).
"""
