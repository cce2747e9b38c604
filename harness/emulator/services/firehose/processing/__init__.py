"""What happens to a record between source and buffer: preparation, and the Lambda processor."""
