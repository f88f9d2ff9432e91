"""devsms.uz."""
