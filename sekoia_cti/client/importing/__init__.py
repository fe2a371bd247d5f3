"""What makes an import finished, and the loop that finds out."""
