"""The sheet of wells: reading and checking it, writing it from a folder."""
