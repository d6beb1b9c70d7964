"""Hypothesis strategies that several property tests share."""
