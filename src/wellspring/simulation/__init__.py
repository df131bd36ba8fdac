"""simulation: plates whose truth is known, in the raw format of multiplexed protein maps."""
