"""Services that rent numbers and read their SMS: for testing the delivery of your own codes, and nothing else."""
