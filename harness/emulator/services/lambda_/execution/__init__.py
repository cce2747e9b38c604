"""Execution environments: the processes that run functions, and what they talk to."""
