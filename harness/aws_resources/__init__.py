"""The one knowledge of AWS resources, over public APIs: find, describe, empty, remove; one file a service."""
