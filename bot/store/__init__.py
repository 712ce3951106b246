"""The database: tables, the one writer, and one module per noun."""
