"""Export files to records and back."""
