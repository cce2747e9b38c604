# More than 1,000,000 events a day of each type: 4 shards or more.

event_types = {
  user_activity = { shard_count = 4, batch_size = 500, batch_window_seconds = 0 }
  orders        = { shard_count = 4, batch_size = 500, batch_window_seconds = 0 }
  payments      = { shard_count = 4, batch_size = 500, batch_window_seconds = 0 }
}
