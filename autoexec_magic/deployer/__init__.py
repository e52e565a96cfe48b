"""Make a release live, and take it back."""
