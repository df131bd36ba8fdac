"""What the report shows of this stage: its chapter, figures and tables."""
