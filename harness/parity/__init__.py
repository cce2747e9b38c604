"""The conformance suite on two targets, compared operation by operation (docs/parity.md).

`suite` runs it in a pytest of its own, where `plugin` observes; `comparison` and `table` say what differs.
"""
