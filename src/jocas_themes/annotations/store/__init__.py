"""The store: every reply that was paid for, what it cost, and what people decided."""
