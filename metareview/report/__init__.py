"""The write-up: sentences, tables and files that a reader of the review reads."""
