# 100,000 to 1,000,000 events a day of each type: 2 to 4 shards.

event_types = {
  user_activity = { shard_count = 4, batch_size = 200, batch_window_seconds = 1 }
  orders        = { shard_count = 4, batch_size = 200, batch_window_seconds = 1 }
  payments      = { shard_count = 4, batch_size = 200, batch_window_seconds = 1 }
}
