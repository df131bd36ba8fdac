# labelling: transmitted light -> predicted stains, what they may be used for, drift
