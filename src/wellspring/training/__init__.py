"""training: a dataset becomes models, their histories, predictions and metrics. `metrics` alone works without Keras."""
