"""Sends octets to a server, and parses the octets that it sends back."""
