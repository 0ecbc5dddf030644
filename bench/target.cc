#include "target.h"

#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "accounting.h"
#include "hint.h"

extern char** environ;

namespace cgi::bench {
namespace {

[[noreturn]] void refuse_url(const std::string& name, const std::string& url, const std::string& problem) {
  throw TargetError("URL " + in_quotes(url) + " of target " + in_quotes(name) + " " + problem + " (try: " + name +
                        "=http://127.0.0.1:8000)",
                    2);
}

Address resolve(const Url& url, const RunningServer& server) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (error != 0) refuse_url(server.name, server.url, "names an unknown host: " + std::string(::gai_strerror(error)));
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

// Reads lines "key value" until "ready". Returns nothing if they end before that.
std::map<std::string, std::string> read_introduction(int fd) {
  std::map<std::string, std::string> told;
  UniqueFd closing(fd);
  std::FILE* stream = ::fdopen(::dup(fd), "r");
  std::array<char, 4096> line{};
  bool is_ready = false;
  while (!is_ready && std::fgets(line.data(), static_cast<int>(line.size()), stream) != nullptr) {
    std::string text = line.data();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    is_ready = text == "ready";
    const std::size_t space = text.find(' ');
    if (space != std::string::npos) told[text.substr(0, space)] = text.substr(space + 1);
  }
  std::fclose(stream);
  if (!is_ready) told.clear();
  return told;
}

pid_t spawn(const std::vector<std::string>& words, int input, int output) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawnattr_t attributes;  // cgi-bench blocks signals that this process must get
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    throw TargetError(in_quotes(words[0]) + ": " + std::strerror(error) + " (run ci/setup, or use --runner)", 3);
  return pid;
}

}  // namespace

Url parse_url(const std::string& name, const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  if (text.rfind(kScheme, 0) != 0) refuse_url(name, text, "does not begin with http://");
  Url url;
  const std::size_t slash = std::min(text.find('/', kScheme.size()), text.size());
  url.authority = text.substr(kScheme.size(), slash - kScheme.size());
  url.prefix = text.substr(slash);
  while (!url.prefix.empty() && url.prefix.back() == '/') url.prefix.pop_back();
  url.host = url.authority;
  const std::size_t colon = url.authority.rfind(':');
  if (colon != std::string::npos && url.authority.find(']', colon) == std::string::npos) {
    const char* end = url.authority.data() + url.authority.size();
    const auto read = std::from_chars(url.authority.data() + colon + 1, end, url.port);
    if (read.ec != std::errc() || read.ptr != end || url.port == 0) {
      refuse_url(name, text, "has no port from 1 to 65535");
    }
    url.host.erase(colon);
  }
  if (!url.host.empty() && url.host.front() == '[') url.host = url.host.substr(1, url.host.size() - 2);
  if (url.host.empty()) refuse_url(name, text, "names no host");
  return url;
}

Shot Target::shot(const Exchange& exchange) const {
  return {exchange.request(url.authority, url.prefix), &exchange.expected, exchange.send.size(), exchange.close};
}

Shot Target::idle_shot(const Exchange& exchange) const {
  Exchange open = exchange;
  open.close = false;
  return {open.request(url.authority, url.prefix), &exchange.expected, exchange.send.size(), false};
}

std::optional<double> Target::cpu_seconds() const {
  if (group) return group->cpu_seconds();
  if (pid == 0 || loses_children(pid)) return std::nullopt;
  return bench::cpu_seconds(pid);
}

Target reach(const RunningServer& server) {
  Target target;
  target.name = server.name;
  target.about = server.url;
  target.url = parse_url(server.name, server.url);
  target.address = resolve(target.url, server);
  target.pid = listener_of(target.url.port);
  return target;
}

StartedServer::StartedServer(const Start& start) {
  const KnownServer& server = start.server;
  std::vector<std::string> words = {start.runner, "serve", server.server, "--root", start.root.string()};
  if (!server.profile.empty()) words.insert(words.end(), {"--profile", server.profile});
  if (!server.variant.empty()) words.insert(words.end(), {"--variant", server.variant});
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw TargetError("out of pipes", 3);
  UniqueFd child_input(in[0]);
  UniqueFd child_output(out[1]);
  input_.reset(in[1]);
  runner_ = spawn(words, in[0], out[1]);
  const auto group = std::make_shared<Cgroup>();
  group->add(runner_);  // the runner starts the server much later
  child_input.reset();
  child_output.reset();
  const auto told = read_introduction(out[0]);
  if (told.empty()) {
    int ended = 0;
    ::waitpid(runner_, &ended, 0);
    const int status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 0;
    const bool has_told = status == 2 || status == 3;  // a wrong name, or a server that did not start
    throw TargetError(in_quotes(start.runner) + " did not start server " + in_quotes(server.server) +
                          " (--runner must name a cgi-conform)",
                      has_told ? status : 3, has_told);
  }
  target_ = reach({server.name, told.at("url")});
  target_.start = start;
  if (group->is_usable()) target_.group = group;
  target_.pid = static_cast<pid_t>(std::stol(told.at("pid")));
  const std::string version = told.count("version") ? told.at("version") : "";
  target_.about = told.at("title") + (version.empty() ? "" : ", " + version) + ", profile " + told.at("profile");
  if (!server.variant.empty()) target_.about += ", variant " + server.variant;
}

StartedServer::~StartedServer() {
  input_.reset();
  if (runner_ > 0) ::waitpid(runner_, nullptr, 0);
}

}  // namespace cgi::bench
