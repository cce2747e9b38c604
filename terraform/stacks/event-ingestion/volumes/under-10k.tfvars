# Less than 10,000 events a day of each type.

event_types = {
  user_activity = { shard_count = 1, batch_size = 100, batch_window_seconds = 5 }
  orders        = { shard_count = 1, batch_size = 100, batch_window_seconds = 5 }
  payments      = { shard_count = 1, batch_size = 100, batch_window_seconds = 5 }
}
