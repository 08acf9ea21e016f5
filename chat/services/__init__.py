"""Writes of the chat app, one file per concept."""
