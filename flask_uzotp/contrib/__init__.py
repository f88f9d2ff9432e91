"""Other packages of Flask's world, with uzotp's codes."""
