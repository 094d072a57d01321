"""Papers: statements and claims as plain text of a fixed width, and the same text on the pages of a PDF."""
