"""Attention weights of both APIs, with dropout; the reference is their evaluation output."""
