"""The command line."""

from uzotp.cli.run import main as main
