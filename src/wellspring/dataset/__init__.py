"""dataset: cells become a manifest (which cells, which split) and a normalization; the loader makes batches of them."""
