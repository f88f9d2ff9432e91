"""Where challenges and counters live. Each store is imported by its own name, when it is used."""
