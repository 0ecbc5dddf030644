"""Scripts below /cgi-bin/ and /htbin/ through twcgi.CGIDirectory, files elsewhere: twistd -ny site.tac"""

from twisted.application import internet, service
from twisted.web import server, static, twcgi

files = static.File("{root}")
files.indexNames = ["index.html", "index.htm"]
for name in ("cgi-bin", "htbin"):
    files.putChild(name.encode(), twcgi.CGIDirectory("{root}/" + name))
application = service.Application("web")
internet.TCPServer({port}, server.Site(files), interface="127.0.0.1").setServiceParent(application)
