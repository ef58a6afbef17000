"""What a person reads: pure functions of a model."""
