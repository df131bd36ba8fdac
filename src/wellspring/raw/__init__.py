"""raw: the files of a well become arrays and tables."""
