"""What is measured: each figure is a ratio of two things measured in turns in one run. See README.md."""
