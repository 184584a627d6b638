"""A layer under test: its traits, its operations, and one adapter per framework that runs it.

Importing this package loads nothing: each framework is imported by the modules that need it.
"""
