"""`cgi-conform programs`: tries real CGI programs with their real clients on servers."""
