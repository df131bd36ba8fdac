"""raw: the chapter on wells and channels."""
