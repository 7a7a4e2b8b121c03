"""One use case per file. No printing, no command line, no HTTP."""
