"""The formats in which a cash book leaves: one file each. A writer takes the book's head, its lines, and ends."""
