"""A party's data files: the sample data, and CSV files as matrices."""
