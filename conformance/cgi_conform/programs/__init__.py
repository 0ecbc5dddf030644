"""`cgi-conform programs`: real CGI programs with their real clients, over a server."""
