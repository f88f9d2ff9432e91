"""What the core asks of gateways, stores and clocks, and the values that pass."""
