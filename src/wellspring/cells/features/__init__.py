"""features: numbers of every nucleus, cell and cytoplasm, computed for all objects of a site at once."""
