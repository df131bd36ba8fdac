"""mRNA and protein in space and time: what is measured in each cell, and what it says over wells."""
