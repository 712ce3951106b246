"""Vocero: answers a brand's community and hands the hard cases to a person."""
