"""One module for each kind of command: what it does, and beside it what may be typed. A new one is found by itself."""
