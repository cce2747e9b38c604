"""Where records come from: Direct PUT, and a Kinesis stream."""
