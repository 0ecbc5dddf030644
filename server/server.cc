// The class that programs embed: it checks the settings, and keeps what the server needs.

#include <cgi_server/cgi_server.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "at_end.h"
#include "cgi_server.h"
#include "demo.h"
#include "document_root.h"
#include "program.h"
#include "quote.h"
#include "script.h"

namespace cgi {
namespace {

// Returns the user that scripts run as; none if they run as the user of the server.
std::optional<Account> account_of_scripts(const std::string& user) {
  if (::geteuid() != 0) return std::nullopt;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) {
    throw std::invalid_argument("user " + in_quotes(user) + " does not exist (name one that does: --user NAME)");
  }
  if (entry->pw_uid == 0) {
    throw std::invalid_argument("user " + in_quotes(user) +
                                " is root: scripts must not run as root (try: --user nobody)");
  }
  return Account{entry->pw_uid, entry->pw_gid, user};
}

const sigset_t& ending_signals() {
  static const sigset_t signals = [] {
    sigset_t some;
    ::sigemptyset(&some);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&some, number);
    return some;
  }();
  return signals;
}

}  // namespace

struct Server::Parts {
  explicit Parts(const Options& options)
      : account(account_of_scripts(options.user)),
        demo(options.demo ? std::make_unique<Demo>(account) : nullptr),
        root(opened_root(demo ? demo->document_root() : options.directory, options.follow_symlinks)),
        server(options, root, account) {}

  const std::optional<Account> account;
  std::unique_ptr<Demo> demo;
  DocumentRoot root;
  CgiServer server;
};

Server::Server() = default;
Server::Server(Options options) : Options(std::move(options)) {}
Server::~Server() = default;

int Server::listen() {
  static_cast<Options&>(*this) = checked(*this);
  if (!interpreters.empty()) {
    throw std::invalid_argument("--interpreter " + in_quotes(interpreters[0].suffix) +
                                " is for Windows (here a script begins with #!)");
  }
  if (no_new_privileges && !kHasNoNewPrivileges) {
    throw std::invalid_argument(
        "--no-new-privileges: this system cannot keep set-user-id programs from getting rights (leave it out)");
  }
  ::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is an error of one request
  ::signal(SIGPIPE, SIG_IGN);  // from scripts that read no input, and clients that left
  ::signal(SIGTTOU, SIG_IGN);  // a terminal may forbid its background processes to write
  ::signal(SIGCHLD, SIG_DFL);  // a parent may ignore it, and the system would then reap scripts

  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &ending_signals(), &before);  // the server's threads must not take them
  const AtEnd restore([&] { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); });
  parts_.reset();
  auto parts = std::make_unique<Parts>(*this);
  // rule: resource/taken-port-ends-the-start
  const int bound = parts->server.bind();
  if (bound < 0) throw std::runtime_error(bind_failure(bind, port, errno));
  if (!log_file.empty() && !parts->server.open_log()) throw std::runtime_error(cannot_write("log file", log_file));
  parts_ = std::move(parts);
  return bound;
}

bool Server::serve_forever() {
  if (parts_ == nullptr) throw std::logic_error("the server does not listen (call listen() first)");
  const bool ended = parts_->server.serve_until_stopped();
  if (!ended) {  // a script cannot be ended: its thread still uses the server
    parts_->demo.reset();
    static_cast<void>(parts_.release());
  }
  return ended;
}

bool Server::serve_until_signal(void (*notice)(int signal)) {
  if (parts_ == nullptr) return serve_forever();
  ::pthread_sigmask(SIG_BLOCK, &ending_signals(), nullptr);
  std::atomic<bool> has_ended = false;  // because of shutdown(), if no signal came
  std::thread stopper([this, notice, &has_ended, &server = parts_->server] {
    int number = 0;
    while (::sigwait(&ending_signals(), &number) == 0 && number == SIGHUP && !log_file.empty()) {
      if (!server.open_log()) say(STDERR_FILENO, "cgi-server: " + cannot_write("log file", log_file));
    }
    if (has_ended) return;
    server.stop_serving();
    if (notice != nullptr) notice(number);
  });
  const AtEnd at_end([&] {
    has_ended = true;
    ::pthread_kill(stopper.native_handle(), SIGTERM);  // it still waits if no signal ended the server
    stopper.join();
  });
  return serve_forever();
}

void Server::shutdown() {
  if (parts_ != nullptr) parts_->server.stop_serving();
}

}  // namespace cgi
