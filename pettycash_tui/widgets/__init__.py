"""Parts that two screens share."""
