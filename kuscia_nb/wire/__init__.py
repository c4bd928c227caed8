"""What goes over sockets: links to a party elsewhere, which may be a SecretFlow SPU, and a TTP's server and client.

It may use `mpc` and `errors`; nothing in `mpc` knows of it.
"""
