"""Dropout as textbooks teach it: small models, each written from its published description.

Each file holds the model, the function that a learner would call (its *problem function*), and
``subject()``, which returns it as a subject.
"""
