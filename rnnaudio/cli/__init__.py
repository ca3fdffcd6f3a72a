"""The command `rnnaudio`: one dialect for every job, one clear line for every mistake.

Each job is a module with `add`, which declares it, and `run`, which does it and returns the exit code.
"""
