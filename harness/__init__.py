"""A local AWS for streaming pipelines, and a harness that proves where every record ended."""
