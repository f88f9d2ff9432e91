"""A store in an SQL database."""
