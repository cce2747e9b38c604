"""Dynamic partitioning: which partition a record belongs to."""
