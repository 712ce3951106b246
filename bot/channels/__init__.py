"""The platforms, each behind the `Channel` port of `base`."""
