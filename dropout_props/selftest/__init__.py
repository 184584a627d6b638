"""The self-test: a suite that cannot be seen to fail proves nothing.

`kills` holds what became of each planted bug, `zoo` plants them, `kill_page` writes the matrix.
"""
