"""Carry out what a diagnosis offers, run again only what failed, and stop in time."""
