"""Measurements of the parts on this machine: one subject per module.

Each module's ``run`` prints what it has found and writes a JSON file.
"""
