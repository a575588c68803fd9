"""Searching for French patterns: a teacher that asks nobody."""
