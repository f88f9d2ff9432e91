"""The host's own part of the Django site that the peers are measured in: its users and their phones."""
