"""What is sent: the words, the examples, and the offer as it leaves this machine."""
