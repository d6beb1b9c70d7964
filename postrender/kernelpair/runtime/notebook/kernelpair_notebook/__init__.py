"""What the notebook server needs beyond upstream's gateway client, so that the pair feels like one server.

Runs in front-end images with jupyter_server 2 and Python 3.9+, and uses only what they have. Everything is reached by
class traits that jupyter_server documents; nothing installed is patched.
"""
