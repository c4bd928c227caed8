"""What goes over a wire: the trusted third party's server and client, in the dialect of SPU.

It may use `mpc` and `errors`; nothing in `mpc` knows of it.
"""
