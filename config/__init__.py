"""Wires the packages into one application; no other package imports this one."""
