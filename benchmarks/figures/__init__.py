"""What uzotp costs, beside the floor and the peers: one run, one machine, the same servers for all.

``python -m benchmarks.figures`` in the root of the checkout, with ``benchmarks/requirements.txt`` installed.
"""
