"""From a visitor's request to a message and its outcome."""
