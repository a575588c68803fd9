"""Asking: the client, its faults, its pace, the run."""
