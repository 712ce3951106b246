"""Pure rules of a conversation: values in, values out; no clock, no I/O."""
