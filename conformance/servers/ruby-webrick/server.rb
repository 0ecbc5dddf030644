# Scripts below /cgi-bin/ and /htbin/ through WEBrick's CGIHandler, files through its FileHandler.
# As root it changes to USER:  ruby server.rb PORT ROOT USER
require "webrick"

port, root, user = ARGV

# Runs each file. FileHandler splits the path into script and PATH_INFO, and looks up a handler by suffix: here always
# the default.
class CGIDirectory < WEBrick::HTTPServlet::FileHandler
  private

  def get_handler(*) = WEBrick::HTTPServlet::CGIHandler
end

server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: port.to_i, DocumentRoot: root,
                                 DirectoryIndex: %w[index.html index.htm],
                                 DocumentRootOptions: { FancyIndexing: true }, AccessLog: [])
%w[cgi-bin htbin].each { |name| server.mount("/#{name}", CGIDirectory, File.join(root, name)) }
%w[TERM INT].each { |signal| trap(signal) { server.shutdown } }
WEBrick::Utils.su(user) if Process.uid.zero?
server.start
