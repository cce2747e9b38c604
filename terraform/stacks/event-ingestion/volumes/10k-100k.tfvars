# 10,000 to 100,000 events a day of each type: 1 or 2 shards.

event_types = {
  user_activity = { shard_count = 2, batch_size = 100, batch_window_seconds = 3 }
  orders        = { shard_count = 2, batch_size = 100, batch_window_seconds = 3 }
  payments      = { shard_count = 2, batch_size = 100, batch_window_seconds = 3 }
}
