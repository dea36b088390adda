"""Runs on machines that share no file system with the service. How it is used stands in index.ts of adapters/compute/courier."""
