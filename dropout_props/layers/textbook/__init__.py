"""Dropout as textbooks teach it: small models, each written from its published description.

Each file has the model, the function that the exercise specifies (its *problem function*), and
`subject()`, which makes the model a subject.
"""
