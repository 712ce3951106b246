"""The command line: what whoever runs Vocero types and reads."""
