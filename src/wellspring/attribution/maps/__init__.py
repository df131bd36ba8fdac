"""How score maps are made: methods, baselines, paths of gradients, and the file that keeps them."""
