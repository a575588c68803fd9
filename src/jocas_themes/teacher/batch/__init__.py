"""Asking at half price: files of requests, and their answers another day."""
