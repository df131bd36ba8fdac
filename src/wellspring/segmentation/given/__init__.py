"""Label images that other programs made: found, read and checked, matched nucleus to cell."""
