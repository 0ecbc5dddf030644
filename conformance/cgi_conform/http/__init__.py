"""Sends octets to a server, and takes apart what comes back."""
