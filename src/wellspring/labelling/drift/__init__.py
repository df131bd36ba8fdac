"""drift: are the fields of a plate still like those that a model was trained on?"""
