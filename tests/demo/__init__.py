"""The demonstration: real calls through a real Asterisk, charged, narrated and checked."""
