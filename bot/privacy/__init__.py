"""Members' rights over their data: a copy of it, being forgotten, and keeping for a time only."""
