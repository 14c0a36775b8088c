"""The soak: many threads, many buckets, real NATS, and checks that nothing is torn, stuck or left.

``python -m tests.soak`` runs it, ``--profile stress`` with more threads and everything changing.
"""
