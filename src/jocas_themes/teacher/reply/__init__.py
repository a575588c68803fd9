"""What comes back: reading it, checking its evidence, counting votes."""
