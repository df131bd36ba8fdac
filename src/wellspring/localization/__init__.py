"""Where molecules are in their cells: features, patterns with their probabilities, statistics over wells."""
