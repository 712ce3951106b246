"""Data that the engine knows before it reads any FAQ: words, phrases, rules and examples in es, en and pt."""
