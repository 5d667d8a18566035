"""Runs the Python jobs of a Libra driver: a parent that has imported everything forks an
interpreter for each job. Started by the driver host (Java), which owns the other end of every
pipe and socket that is used here."""
