"""Groups of wells, compared: which differ from the controls, by how much, and how sure that is."""
