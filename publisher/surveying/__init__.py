"""Surveying: what stands in the catalogue, in the configuration and in the figures, for those who may look.

Nothing here changes anything. Each asks `permissions` who may look, and raises NotAllowed.
"""
