"""The hall: knows where the files of a review lie, and hands each stage's yield on."""
