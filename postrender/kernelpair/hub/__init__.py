"""The spawn-time door: the hook that a hub loads from its ConfigMap. Imports core, the standard library and the hub's.

Modules that need what only a hub has (jupyterhub, kubespawner, tornado, prometheus_client) import it when it is used.
"""
