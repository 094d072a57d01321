"""The screens of the desk, one per file. A screen contains no query and no rule."""
