"""Bugs put into the shipped code that the simulators have to find: mutants.toml, hunt.py, table.py."""
