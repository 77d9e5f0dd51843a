"""What may have changed, and who is told: hints only."""
