"""Talking to services of somebody else's: one HTTP client with one deadline, and tolerant reading of the answers."""
