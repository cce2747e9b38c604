"""Everything that has no native service: moto in this process. No file outside this folder knows that moto exists."""
