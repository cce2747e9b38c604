"""Event source mappings at work: reading a stream, batching, invoking, retrying (C9)."""
