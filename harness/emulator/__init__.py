"""The local AWS. Imports nothing from the rest of `harness`, apart from the version."""
