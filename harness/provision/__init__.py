"""Terraform runs against a target: find the tools, apply a stack, remember the result for a warm start."""
