"""The agent of a local run: Python 3.6 or newer, standard library only."""
