"""What asking costs: tokens, prices, estimates."""
