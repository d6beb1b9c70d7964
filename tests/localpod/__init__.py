"""Runs the containers of a rendered pod as processes on this machine, each "image" a Python environment of its own."""
