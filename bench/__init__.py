"""The bench: how long kernelpair takes beside the tools that its users run anyway."""
