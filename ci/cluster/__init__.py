"""A Kubernetes of one node on this machine, without a container engine: `python -m ci.cluster up|down|status`."""
