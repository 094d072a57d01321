"""Petty cash and treasury for the terminal."""

__version__ = "0.1.0"
