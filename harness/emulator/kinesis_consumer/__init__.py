"""Reading a Kinesis stream over the bus, for every service that does: shards, parents first, checkpoints, failures."""
