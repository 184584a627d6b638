"""Runs a stored failure again, and writes it as a program or a test."""
