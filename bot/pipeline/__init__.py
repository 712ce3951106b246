"""The corridor: intake, settle, understand, decide, phrase, one transaction, deliver.

Stations don't import one another; `turn` strings them together.
"""
