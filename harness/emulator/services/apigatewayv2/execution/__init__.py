"""Requests to deployed HTTP APIs."""
