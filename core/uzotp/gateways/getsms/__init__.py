"""getsms.uz."""
