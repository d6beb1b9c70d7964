"""Pod -> pair and back, with the standard library alone; the same code runs in the post-renderer and in the hub."""
