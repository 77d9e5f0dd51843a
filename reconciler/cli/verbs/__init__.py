"""One module a verb, each with its click command under the name ``command``."""
