"""The report's forms: HTML for people, JSON for programs, JUnit for CI."""
