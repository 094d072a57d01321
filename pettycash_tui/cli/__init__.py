"""The command line: one module per noun, each thin; the rules live in the services.

A noun is one line in `nouns.NOUNS` and one module. The module is imported only when its noun is used, so it may not be
imported from anywhere else, and at its own top it imports nothing but typer and this package: services, models with
tables, and anything that reaches SQLAlchemy or Textual are imported inside the commands. (`services.errors`,
`models.money` and `models.text` are light and may stand at the top.)

- A group of verbs has `app = typer.Typer()` at module level and `@app.command("verb")` functions. Nested groups use
  `app.add_typer(other, name="company", help="…")`. A group with a single verb stays a group.
- A noun that is one command has a function `command(ctx, …)`.
- Every command takes `ctx: typer.Context` first and hands it to `output.emit*` and `asking.*`; the global options are
  `options.options(ctx)`. It returns nothing; `raise typer.Exit(3)` sets another exit code after the output was printed.
- A command never prints and never catches an error to print it: `PettyCashError` travels up to `main`.

`--json`, `--quiet` and `--no-color` are added to every verb by `grammar.finish`; a module does not declare them.
"""
