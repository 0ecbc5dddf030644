// CLI11 parses the command line and writes the help. This file checks the values itself, because CLI11's messages name
// neither the value nor the next step.

#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>
#include <system_error>

#include "ascii.h"
#include "meta_variables.h"
#include "version.h"

namespace cgi {
namespace {

constexpr char kSeeHelp[] = "try: cgi-server --help";
constexpr double kLongestTime = 31'536'000;  // a year, so that no deadline overflows

// A mistake on the command line; `text` is one line.
struct Mistake {
  std::string text;
};

std::string in_quotes(std::string_view value) { return "\"" + log_escape(value) + "\""; }

[[noreturn]] void reject(std::string_view name, std::string_view value, std::string_view rule, std::string_view next) {
  throw Mistake{std::string(name) + " " + in_quotes(value) + " " + std::string(rule) + " (" + std::string(next) + ")"};
}

// Returns a whole number without a sign, from `low` to `high`.
std::uint64_t whole_number(std::string_view name, const std::string& value, std::uint64_t low, std::uint64_t high,
                           std::string_view next) {
  std::uint64_t number = 0;
  const auto result = std::from_chars(value.data(), value.data() + value.size(), number);
  if (!is_number(value) || result.ec != std::errc() || number < low || number > high) {
    reject(name, value, "is not between " + std::to_string(low) + " and " + std::to_string(high), next);
  }
  return number;
}

// Returns a number of seconds, which may have a fraction.
double seconds(std::string_view name, const std::string& value, bool zero_allowed, std::string_view next) {
  double number = 0;
  const bool digits = value.find_first_not_of("0123456789.") == value.npos;  // no "inf", "nan", "1e9"
  const auto result = std::from_chars(value.data(), value.data() + value.size(), number, std::chars_format::fixed);
  const bool whole = result.ec == std::errc() && result.ptr == value.data() + value.size();
  if (!digits || !whole || number > kLongestTime || (number == 0 && !zero_allowed)) {
    reject(name, value, zero_allowed ? "is not a number of seconds" : "is not a number of seconds above 0", next);
  }
  return number;
}

// Returns `value`, which must be neither empty nor the next option.
std::string word(std::string_view name, const std::string& value) {
  if (value.empty() || value.front() == '-') reject(name, value, "is not a value", kSeeHelp);
  return value;
}

std::string cgi_directory(const std::string& value) {
  const std::string_view name = "--cgi-directory";
  if (!value.starts_with('/')) reject(name, value, "does not begin with '/'", "try: --cgi-directory /cgi-bin");
  std::string path;
  for (std::size_t begin = 1; begin <= value.size();) {
    const std::size_t end = std::min(value.find('/', begin), value.size());
    const std::string segment = value.substr(begin, end - begin);
    if (segment == "..") reject(name, value, "holds '..'", "name the directory as its URL shows it: /cgi-bin");
    if (!segment.empty() && segment != ".") path.append("/").append(segment);
    begin = end + 1;
  }
  return path.empty() ? "/" : path;
}

// The server never passes these variables on, so it must say so.
void reject_request_variable(const std::string& name) {
  if (!is_request_variable(name) || operator_may_set(name)) return;
  reject("--pass-env", name, "is never passed on: scripts would take it for a part of the request",
         name == "HTTP_AUTHORIZATION" ? "try: --pass-authorization" : "use another name");
}

LogFormat log_format(const std::string& value) {
  if (value == "common") return LogFormat::kCommon;
  if (value == "json") return LogFormat::kJson;
  if (value == "none") return LogFormat::kNone;
  reject("--log-format", value, "is not common, json or none", "try: --log-format common");
}

Profile profile(const std::string& value) {
  if (value == "cgihttpserver") return Profile::kCgiHttpServer;
  if (value == "rfc3875") return Profile::kRfc3875;
  reject("--profile", value, "is not cgihttpserver or rfc3875", "try: --profile rfc3875");
}

// Returns the version of the responses: HTTP/1.0 by default in profile cgihttpserver, always HTTP/1.1 in rfc3875.
std::string protocol(const std::string& value, Profile profile) {
  const bool older = value == "HTTP/1.0";
  if (!value.empty() && !older && value != "HTTP/1.1") {
    reject("--protocol", value, "is not HTTP/1.0 or HTTP/1.1", "try: --protocol HTTP/1.1");
  }
  if (profile == Profile::kCgiHttpServer) return value.empty() ? "HTTP/1.0" : value;
  if (older) reject("--protocol", value, "does not go with profile rfc3875", "leave it out: that speaks HTTP/1.1");
  return "HTTP/1.1";
}

// Returns how many letters must be added, removed or replaced to turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// Returns the option that is most like `written`, or an empty text if none is like it.
std::string likely_option(const CLI::App& app, std::string_view written) {
  const std::string_view name = written.substr(0, written.find('=')).substr(0, 64);
  std::string best;
  std::size_t least = name.size() / 3 + 1;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& known : option->get_lnames()) {
      const std::string full = "--" + known;
      const std::size_t changes = name.size() >= 4 && full.starts_with(name) ? 0 : distance(name, full);
      if (changes >= least) continue;
      least = changes;
      best = full;
    }
  }
  return best;
}

// Rejects a word that CLI11 does not know.
[[noreturn]] void reject_extra(const CLI::App& app, const std::string& extra) {
  if (!extra.starts_with('-')) reject("argument", extra, "is one too many", "one port is enough: cgi-server 8000");
  if (is_number(std::string_view(extra).substr(1))) {
    reject("port", extra, "is not between 0 and 65535", "try: cgi-server 8000");
  }
  const std::string likely = likely_option(app, extra);
  reject("option", extra, "is unknown", likely.empty() ? kSeeHelp : "did you mean " + likely + "?");
}

// The values of the command line, not yet checked.
struct Written {
  std::string port, bind, directory, protocol, profile, user, header_timeout, script_timeout, max_body, max_connections,
      max_scripts, log_format, port_file;
  std::vector<std::string> cgi_directories, pass_env;
  bool cgi = false, inherit_env = false, pass_authorization = false, follow_symlinks = false;
};

struct Group {
  CLI::App& app;
  std::string name;  // a headline of the help
};

// Adds an option and shows `default_value` in the help. If an option is given twice, the last value counts.
void add(const Group& group, std::string names, std::string& place, std::string type, std::string default_value,
         std::string description) {
  place = default_value;
  CLI::Option* option = group.app.add_option(std::move(names), place, std::move(description))->group(group.name);
  option->type_name(std::move(type))->default_str(std::move(default_value))->take_last();
}

// Adds an option that may be repeated, with one value each time.
void add(const Group& group, std::string names, std::vector<std::string>& place, std::string type,
         std::string default_values, std::string description) {
  CLI::Option* option = group.app.add_option(std::move(names), place, std::move(description))->group(group.name);
  option->type_name(std::move(type))->default_str(std::move(default_values));
  option->take_all()->allow_extra_args(false)->expected(1);
}

void add(const Group& group, std::string names, bool& place, std::string description) {
  group.app.add_flag(std::move(names), place, std::move(description))->group(group.name);
}

void declare(CLI::App& app, Written& written) {
  const Options usual;
  const std::string directories = usual.cgi_directories.front() + "," + usual.cgi_directories.back();
  const Group site{app, "Where and what"}, scripts{app, "Scripts"}, limits{app, "Limits"}, output{app, "Output"};
  const auto number = [](auto value) { return CLI::detail::to_string(value); };
  add({app, "Options"}, "PORT", written.port, "", number(usual.port), "port to listen on; 0 takes a free one");

  add(site, "-b,--bind", written.bind, "ADDRESS", usual.bind, "address to listen on");
  add(site, "-d,--directory", written.directory, "DIR", usual.directory, "document root");
  add(site, "-p,--protocol", written.protocol, "VERSION", "", "HTTP/1.0 or HTTP/1.1; default: the profile's");
  add(site, "--profile", written.profile, "NAME", "cgihttpserver", "rules for scripts: cgihttpserver or rfc3875");
  add(site, "--follow-symlinks", written.follow_symlinks, "follow links out of the document root");

  add(scripts, "--cgi", written.cgi, "no effect: scripts always run");
  add(scripts, "--cgi-directory", written.cgi_directories, "PATH", directories,
      "run scripts below PATH; may be repeated");
  add(scripts, "--user", written.user, "NAME", usual.user, "run scripts as NAME when started by root");
  add(scripts, "--pass-env", written.pass_env, "NAME", "", "pass on this variable; may be repeated");
  add(scripts, "--inherit-env", written.inherit_env, "pass on all but request variables (REMOTE_USER, ...)");
  add(scripts, "--pass-authorization", written.pass_authorization, "let scripts see passwords (HTTP_AUTHORIZATION)");

  add(limits, "--script-timeout", written.script_timeout, "SECONDS", number(usual.script_timeout),
      "time for a script; 0: no limit");
  add(limits, "--header-timeout", written.header_timeout, "SECONDS", number(usual.header_timeout),
      "time for a request's head, and between requests");
  add(limits, "--max-body", written.max_body, "BYTES", number(usual.max_body), "longest body for a script");
  add(limits, "--max-connections", written.max_connections, "N", number(usual.max_connections), "clients at a time");
  add(limits, "--max-scripts", written.max_scripts, "N", number(usual.max_scripts), "scripts at a time");

  add(output, "--log-format", written.log_format, "FORMAT", "common", "common, json or none");
  add(output, "--port-file", written.port_file, "FILE", "", "write the port here once the server listens");
  const std::string version = std::string("cgi-server ") + kVersion;
  app.set_version_flag("--version", version)->description("print the version")->group(output.name);
  app.set_help_flag("-h,--help", "print this help")->group(output.name);
}

Options checked(const Written& written) {
  constexpr std::uint64_t kMost = 1'000'000;
  constexpr std::uint64_t kMostOctets = 1'000'000'000'000'000;
  Options options;
  options.port = static_cast<int>(whole_number("port", written.port, 0, 65535, "try: cgi-server 8000"));
  options.bind = word("--bind", written.bind);
  options.directory = word("--directory", written.directory);
  options.profile = profile(written.profile);
  options.protocol = protocol(written.protocol, options.profile);
  options.follow_symlinks = written.follow_symlinks;
  if (!written.cgi_directories.empty()) options.cgi_directories.clear();
  for (const std::string& path : written.cgi_directories) options.cgi_directories.push_back(cgi_directory(path));
  options.user = word("--user", written.user);
  for (const std::string& name : written.pass_env) {
    if (name.find('=') != name.npos) reject("--pass-env", name, "holds '='", "only the name: --pass-env LANG");
    reject_request_variable(word("--pass-env", name));
    options.pass_env.push_back(name);
  }
  options.pass_authorization = written.pass_authorization;
  options.inherit_env = written.inherit_env;
  options.script_timeout = seconds("--script-timeout", written.script_timeout, true, "try: --script-timeout 300");
  options.header_timeout = seconds("--header-timeout", written.header_timeout, false, "try: --header-timeout 30");
  options.max_body =
      whole_number("--max-body", written.max_body, 0, kMostOctets, "octets without a unit: --max-body 1000000");
  options.max_connections =
      whole_number("--max-connections", written.max_connections, 1, kMost, "try: --max-connections 512");
  options.max_scripts = whole_number("--max-scripts", written.max_scripts, 1, kMost, "try: --max-scripts 128");
  options.log_format = log_format(written.log_format);
  if (!written.port_file.empty()) options.port_file = word("--port-file", written.port_file);
  return options;
}

// CLI11 2.1 writes two empty lines between groups.
std::string help(const CLI::App& app) {
  std::string text = app.help();
  for (std::size_t at; (at = text.find("\n\n\n")) != text.npos;) text.erase(at, 1);
  return text;
}

CommandLine mistake(std::string text) { return {std::nullopt, "cgi-server: " + std::move(text) + "\n", 2}; }

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CLI::App app("Serves the files and CGI scripts of a directory, as python3 -m http.server --cgi did.", "cgi-server");
  Written written;
  declare(app, written);
  app.allow_extras();
  app.get_formatter()->column_width(44);
  // CLI11 expects the words in reverse.
  std::vector<std::string> words;
  for (int i = argc - 1; i > 0; --i) words.emplace_back(argv[i]);
  try {
    app.parse(words);
    if (const auto extras = app.remaining(); !extras.empty()) reject_extra(app, extras.front());
    return {checked(written), "", 0};
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, help(app), 0};
  } catch (const CLI::CallForVersion& version) {
    return {std::nullopt, std::string(version.what()) + "\n", 0};
  } catch (const Mistake& known) {
    return mistake(known.text);
  } catch (const CLI::ArgumentMismatch& missing) {
    const std::string text = missing.what();
    return mistake("option " + in_quotes(text.substr(0, text.find(':'))) + " needs a value (" + kSeeHelp + ")");
  } catch (const CLI::Error& error) {
    return mistake(log_escape(error.what()) + " (" + kSeeHelp + ")");
  }
}

}  // namespace cgi
