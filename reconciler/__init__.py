"""GitOps for Amazon ECS: plan the fewest changes, apply them in an order that converges, tell the truth about them."""
