"""Who is asked: one adapter a framework, one subject a file.

The only package that imports Flax. It imports nothing by itself, so that the names of the
subjects can be listed (``subjects.registry.names``) without loading a framework.
"""
