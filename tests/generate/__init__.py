"""Policies made by programs: sets that look like real ones, and random modules."""
