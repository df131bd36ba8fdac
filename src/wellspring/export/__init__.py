"""Results in the forms that other programs open: tables, outlines, plates of images, a crate."""
