"""All of kernelpair's tests."""
