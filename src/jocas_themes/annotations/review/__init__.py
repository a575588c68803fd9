"""What people look at: the review file, draws with known probabilities, other tools' formats."""
