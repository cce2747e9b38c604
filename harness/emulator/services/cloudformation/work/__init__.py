"""What an operation does to a stack's resources, in the background: create, update, roll back, delete."""
