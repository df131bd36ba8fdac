"""Which images are fit for use, and even illumination: measures, outliers, illumination functions, preprocessing."""
