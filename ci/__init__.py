"""Pinned tools and checks that `make` runs; programs, no part of the package."""
