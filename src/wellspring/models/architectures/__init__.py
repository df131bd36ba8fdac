"""The architectures, a module each: its `METHOD` gives the name, the settings and the function that builds it.

Keras is imported when a model is built: parsing the workflow reads these modules too.
"""
