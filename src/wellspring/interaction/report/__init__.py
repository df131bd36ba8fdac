"""The chapter on mRNA and protein."""
