"""What a test can leave at an endpoint behind the emulator, one kind of resource a file."""
