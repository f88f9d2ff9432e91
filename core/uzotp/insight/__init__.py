"""What an operator needs to see: spend, deliveries, waiting times, refusals, gateways and balances.

:func:`~uzotp.insight.collect.look` asks the store and the gateways, :mod:`~uzotp.insight.figures` counts, and
:mod:`~uzotp.insight.page` says it in a person's language: as sections that Django's admin, a Flask page and the
terminal show alike.
"""
