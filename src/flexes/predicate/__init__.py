"""The `when` language: text or JSON to AST to closures that answer true, false, missing or mistyped."""
