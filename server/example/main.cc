// Serves the files and CGI scripts of the current folder until Ctrl-C.
#include <cgi_server/cgi_server.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  cgi::Server server;
  server.cgi_directories = {"/cgi-bin", "/scripts"};
  if (argc > 1) server.port = std::atoi(argv[1]);
  const int port = server.listen();
  std::printf("Serving HTTP on %s port %d ...\n", server.bind.c_str(), port);
  std::fflush(stdout);
  server.serve_until_signal();
}
