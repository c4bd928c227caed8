"""ecdh_psi: two parties find out which ids both of them have, and bring those rows into one order."""
