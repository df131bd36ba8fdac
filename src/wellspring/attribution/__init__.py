"""Attribution: which pixels and channels a model used. Written against a callback, so nothing here loads Keras."""
