"""The rules: one file per subject. No Textual, no typer, no printing."""
