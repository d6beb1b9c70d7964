"""YAML as text, lossless: documents as byte ranges, trees with spans, span edits, and new text for any reader."""
