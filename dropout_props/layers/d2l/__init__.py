"""Dropout as "Dive into Deep Learning" teaches it, written from its description.

Zhang, A., Lipton, Z. C., Li, M. and Smola, A. J. (2023). Dive into Deep Learning, chapter 5.6.
Cambridge University Press. Each file has one layer or model, and `subject()`, which makes it a
subject.
"""
