"""What the brand knows: the files in `faq/` and `config/`, read, checked, compiled and watched."""
