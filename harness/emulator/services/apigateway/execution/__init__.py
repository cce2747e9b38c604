"""What happens to a request that comes in for a deployed stage (D1–D8)."""
