"""Charge calls of an Asterisk PBX while they run, and cut them when the credit ends."""
