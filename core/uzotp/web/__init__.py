"""The HTTP behaviour, written once: plain functions from a request value to a reply value.

Django's views and Flask's blueprint translate their requests and replies; they decide nothing.
"""
