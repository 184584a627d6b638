"""Reports read results and nothing else: the terminal, files, pages."""
