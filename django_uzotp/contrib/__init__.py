"""Other packages of Django's world, with uzotp's codes."""
