"""Hub releases: recognised in a stream and fitted with the hook, which makes every spawn a pair."""
