"""What the brand knows: the files in `faq/` and `config/`, read with positions, checked, compiled, watched."""
