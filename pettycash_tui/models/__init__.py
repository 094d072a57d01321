"""Tables, enums and column types; no rule that needs a query."""
