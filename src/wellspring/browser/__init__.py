"""The plate browser: a page that shows plates, wells, images and cells without a server."""
