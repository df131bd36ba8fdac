"""cells: the measured pixels of a well become one row and one crop per cell."""
