"""The lists of the treasury, one in each file: what they hold, how a row and its detail are drawn, what one may do."""
