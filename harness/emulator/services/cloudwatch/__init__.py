"""CloudWatch: metrics, and alarms on them."""
