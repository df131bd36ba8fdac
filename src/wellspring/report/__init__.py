"""Report: all results -> figures, tables, one HTML page. No network is built or run here, so no Keras is loaded."""
