"""A real AWS account as a place for tests: who we are there, what a run costs, what it made, and how that goes away."""
