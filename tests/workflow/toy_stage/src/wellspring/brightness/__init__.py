"""How bright the images of a well are."""
