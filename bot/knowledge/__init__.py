"""What the brand knows: the files in `faq/` and `config/`, loaded with positions, checked, compiled, watched."""
