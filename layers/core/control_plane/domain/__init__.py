"""Pure: facts, rules, decisions. Nothing here calls AWS, reads a clock or an environment."""
