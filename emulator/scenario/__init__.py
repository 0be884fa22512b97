"""Files in, one `model.Scenario` out, or all the problems.

The only package that knows YAML; must not know HTTP or the engine.
"""
