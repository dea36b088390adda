"""Runs on machines that share no file system with the service. See index.ts beside the folder of these files."""
