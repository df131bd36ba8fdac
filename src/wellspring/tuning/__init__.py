"""The command ``wellspring try``: segmentation and spots of one field with several settings, in seconds."""
