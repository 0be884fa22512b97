"""Convex validators as pure values: what they are, what they refuse and in which words, and every way to write them.

`types` says what a validator is, `check` holds values against one, `display` writes it as error texts do,
`json_form` reads and writes validator JSON, `shorthand` the short texts of scenario files, and `written` tells the
forms of a scenario file apart.
"""
