// CLI11 parses the command line and writes the help. This file checks the values itself, because CLI11's messages name
// neither the value nor the next step.

#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include "ascii.h"
#include "field_syntax.h"
#include "meta_variables.h"
#include "nearest.h"
#include "quote.h"
#include "version.h"

namespace cgi {
namespace {

constexpr char kSeeHelp[] = "try: cgi-server --help";
constexpr double kLongestTime = 31'536'000;  // seconds, a year: no deadline overflows
constexpr std::uint64_t kMost = 1'000'000, kMostLoops = 1024;
constexpr std::uint64_t kMostOctets = 1'000'000'000'000'000;

[[noreturn]] void reject(std::string_view name, std::string_view value, std::string_view rule, std::string_view next) {
  throw std::invalid_argument(std::string(name) + " " + in_quotes(value) + " " + std::string(rule) + " (" +
                              std::string(next) + ")");
}

// Returns a whole number without a sign, from `low` to `high`.
std::uint64_t whole_number(std::string_view name, const std::string& value, std::uint64_t low, std::uint64_t high,
                           std::string_view next) {
  const auto number = to_number<std::uint64_t>(value);
  if (!number || *number < low || *number > high) {
    reject(name, value, "is not between " + std::to_string(low) + " and " + std::to_string(high), next);
  }
  return *number;
}

// Returns a number of seconds, which may have a fraction.
double seconds(std::string_view name, const std::string& value, bool zero_allowed, std::string_view next) {
  double number = 0;
  const bool digits = value.find_first_not_of("0123456789.") == value.npos;  // no "inf", "nan", "1e9"
  const auto result = std::from_chars(value.data(), value.data() + value.size(), number, std::chars_format::fixed);
  const bool whole = result.ec == std::errc() && result.ptr == value.data() + value.size();
  if (!digits || !whole || number > kLongestTime || (number == 0 && !zero_allowed)) {
    reject(name, value,
           zero_allowed ? "is not a number of seconds from 0 to 31536000"
                        : "is not a number of seconds above 0 and up to 31536000",
           next);
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
  for (std::string_view rest = value; !rest.empty();) {
    const std::string_view segment = cut(rest, '/');
    if (segment == "..") reject(name, value, "holds '..'", "name the directory as its URL shows it: /cgi-bin");
    if (!segment.empty() && segment != ".") path.append("/").append(segment);
  }
  return path.empty() ? "/" : path;
}

// Returns the name of a variable that may be passed on. The server never passes on those of the request, so it must say
// so.
std::string variable_name(const std::string& name) {
  if (name.find('=') != name.npos) reject("--pass-env", name, "holds '='", "only the name: --pass-env LANG");
  if (is_request_variable(word("--pass-env", name)) && !operator_may_set(name)) {
    reject("--pass-env", name, "is never passed on: scripts would take it for a part of the request",
           name == "HTTP_AUTHORIZATION" ? "try: --pass-authorization" : "use another name");
  }
  return name;
}

// Reads "cpu=10,memory=100000000".
void take_limits(const std::string& value, ScriptLimits& limits) {
  const std::pair<std::string_view, std::uint64_t*> kinds[] = {{"cpu", &limits.cpu},
                                                               {"memory", &limits.memory},
                                                               {"files", &limits.files},
                                                               {"processes", &limits.processes},
                                                               {"output", &limits.output}};
  std::string_view rest = value;
  do {
    std::string_view number = cut(rest, ',');
    const std::string_view name = cut(number, '=');
    const auto* kind = std::ranges::find(kinds, name, [](const auto& one) { return one.first; });
    const char* const example = "try: --script-limit cpu=60,memory=1000000000";
    if (kind == std::end(kinds)) {
      reject("--script-limit", value, "names none of cpu, memory, files, processes, output", example);
    }
    *kind->second = whole_number("--script-limit " + std::string(name), std::string(number), 1, kMostOctets, example);
  } while (!rest.empty());
}

// Reads ".pl=C:\perl\bin\perl.exe".
Interpreter interpreter(const std::string& value) {
  const char* const example = "try: --interpreter .pl=C:\\perl\\bin\\perl.exe";
  std::string_view program = value;
  const std::string suffix = lowered(cut(program, '='));
  if (suffix.size() < 2 || suffix[0] != '.' || program.empty()) {
    reject("--interpreter", value, "is not .SUFFIX=PROGRAM", example);
  }
  return {suffix, std::string(program)};
}

std::string allowed_host(const std::string& value) {
  const std::string host = lowered(word("--allowed-host", value));
  if (host.find_first_of("/ ") != host.npos || (host.find(':') != host.npos && !host.starts_with('['))) {
    reject("--allowed-host", value, "is not a host name without a port", "try: --allowed-host localhost");
  }
  return host;
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

// Rejects a word that CLI11 does not know.
[[noreturn]] void reject_extra(const CLI::App& app, const std::string& extra) {
  if (!extra.starts_with('-')) reject("argument", extra, "is one too many", "one port is enough: cgi-server 8000");
  if (is_number(std::string_view(extra).substr(1))) {
    reject("port", extra, "is not between 0 and 65535", "try: cgi-server 8000");
  }
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  const std::string likely = nearest(extra.substr(0, extra.find('=')), known);
  reject("option", extra, "is unknown", likely.empty() ? kSeeHelp : "did you mean " + likely + "?");
}

// Rejects "--demo=1" and "--log-file=". CLI11 would take the one as the flag, and the next word as the log file.
void check_equals_sign(const CLI::App& app, const std::string& word) {
  std::string_view value = word;
  const std::string name(cut(value, '='));
  const CLI::Option* const option = name.starts_with("--") ? app.get_option_no_throw(name) : nullptr;
  if (option == nullptr || name == word) return;
  if (option->get_expected_max() == 0) reject(name, value, "is a value too many", "try: " + name);
  if (value.empty()) reject(name, value, "is not a value", kSeeHelp);
}

// Declares options under a headline of the help. Each one checks and sets its value when it is parsed.
struct Group {
  CLI::App& app;
  std::string name;

  // `take` gets the value. If the option is given twice, it gets the last one.
  CLI::Option* value(const std::string& names, std::string type, std::string usual, std::string description,
                     const std::function<void(const std::string&)>& take) const {
    CLI::Option* option = app.add_option_function<std::string>(names, take, std::move(description))->group(name);
    return option->type_name(std::move(type))->default_str(std::move(usual))->take_last();
  }

  void text(const std::string& names, std::string type, std::string& place, std::string description) const {
    value(names, std::move(type), place, std::move(description),
          [&place, full = full_name(names)](const std::string& written) { place = word(full, written); });
  }

  template <typename Number>
  void number(const std::string& names, std::string type, Number& place, std::uint64_t low, std::uint64_t high,
              std::string description, std::string next = "") const {
    const std::string full = full_name(names), usual = std::to_string(place);
    if (next.empty()) next = "try: " + full + " " + usual;
    value(names, std::move(type), usual, std::move(description), [=, &place](const std::string& written) {
      place = static_cast<Number>(whole_number(full, written, low, high, next));
    });
  }

  void time(const std::string& names, double& place, bool zero_allowed, std::string description) const {
    const std::string full = full_name(names), usual = CLI::detail::to_string(place);
    value(names, "SECONDS", usual, std::move(description), [=, &place](const std::string& written) {
      place = seconds(full, written, zero_allowed, "try: " + full + " " + usual);
    });
  }

  // An option that may be repeated, with one value each time. Its values replace those of `places`.
  template <typename Value>
  void list(const std::string& names, std::string type, std::string usual, std::string description,
            std::vector<Value>& places, Value (*checked)(const std::string&)) const {
    const auto take = [&places, checked](const std::vector<std::string>& written) {
      places.clear();
      std::ranges::transform(written, std::back_inserter(places), checked);
    };
    CLI::Option* option =
        app.add_option_function<std::vector<std::string>>(names, take, std::move(description))->group(name);
    option->type_name(std::move(type))->default_str(std::move(usual));
    option->take_all()->allow_extra_args(false)->expected(1);
  }

  void flag(const std::string& names, bool& place, std::string description) const {
    app.add_flag(names, place, std::move(description))->group(name);
  }

  // "-b,--bind" → "--bind"
  static std::string full_name(const std::string& names) { return names.substr(names.find("--")); }
};

void declare(CLI::App& app, Options& options, std::string& port, std::string& version, bool& no_effect) {
  const std::string directories = options.cgi_directories.front() + "," + options.cgi_directories.back();
  const Group first{app, "Options"}, site{app, "Where and what"}, scripts{app, "Scripts"}, limits{app, "Limits"},
      output{app, "Output"};
  port = std::to_string(options.port);
  first.value("PORT", "", port, "port to listen on; 0 takes a free one",
              [&port](const std::string& written) { port = written; });

  site.text("-b,--bind", "ADDRESS", options.bind, "address to listen on");
  site.text("-d,--directory", "DIR", options.directory, "document root");
  site.value("-p,--protocol", "{HTTP/1.0,HTTP/1.1}", "", "version of responses; default: the profile's",
             [&version](const std::string& written) { version = word("--protocol", written); });
  site.value("--profile", "{cgihttpserver,rfc3875}", "", "rules for scripts; default: cgihttpserver",
             [&options](const std::string& written) { options.profile = profile(written); });
  site.list("--allowed-host", "NAME", "", "answer requests for this host only; may be repeated", options.allowed_hosts,
            allowed_host);
  site.flag("--follow-symlinks", options.follow_symlinks, "follow links out of the document root");
  site.flag("--demo", options.demo, "serve a small site that shows what scripts can do");

  scripts.flag("--cgi", no_effect, "no effect: scripts always run");
  scripts.list("--cgi-directory", "PATH", directories, "run scripts below PATH; may be repeated",
               options.cgi_directories, cgi_directory);
  scripts.text("--user", "NAME", options.user, "run scripts as NAME when started by root");
  scripts.list("--pass-env", "NAME", "", "pass on this variable; may be repeated", options.pass_env, variable_name);
  scripts.flag("--inherit-env", options.inherit_env, "pass on all but request variables (REMOTE_USER, ...)");
  scripts.flag("--pass-authorization", options.pass_authorization, "let scripts see passwords (HTTP_AUTHORIZATION)");
  scripts.list("--interpreter", ".SUFFIX=PROGRAM", "", "on Windows: run files with this suffix by PROGRAM",
               options.interpreters, interpreter);
  scripts.flag("--no-new-privileges", options.no_new_privileges,
               "give set-user-id programs of scripts no other rights");

  limits.time("--script-timeout", options.script_timeout, true, "time for a script; 0: no limit");
  limits.time("--header-timeout", options.header_timeout, false,
              "time for a head, between requests and parts of a body");
  limits.number("--max-body", "BYTES", options.max_body, 0, kMostOctets, "longest body for a script",
                "octets without a unit: --max-body 1000000");
  limits.number("--max-connections", "N", options.max_connections, 1, kMost, "clients at a time");
  limits.number("--max-connections-per-address", "N", options.max_connections_per_address, 0, kMost,
                "clients of one address at a time; 0: no limit", "try: --max-connections-per-address 64");
  limits.number("--max-scripts", "N", options.max_scripts, 1, kMost, "scripts at a time");
  limits.number("--max-spool", "BYTES", options.max_spool, 0, kMostOctets,
                "size of all temporary files: chunked bodies, listings", "octets without a unit: --max-spool 1000000");
  limits.value("--script-limit", "NAME=N,...", "", "cpu (seconds), memory, output (bytes), files, processes",
               [&options](const std::string& written) { take_limits(written, options.script_limits); });
  limits.value("--loops", "N", "", "threads for quiet clients; default: the processors",
               [&options](const std::string& written) {
                 options.loops = whole_number("--loops", written, 1, kMostLoops, "try: --loops 1");
               });

  output.value("--log-format", "{common,json,none}", "", "form of the log; default: common",
               [&options](const std::string& written) { options.log_format = log_format(written); });
  output.text("--log-file", "FILE", options.log_file, "write the log here; SIGHUP opens the file again");
  output.text("--port-file", "FILE", options.port_file, "write the port here once the server listens");
  app.set_version_flag("--version", std::string("cgi-server ") + kVersion)
      ->description("print the version")
      ->group(output.name);
  app.set_help_flag("-h,--help", "print this help")->group(output.name);
}

// CLI11 2.1 writes two empty lines between groups.
std::string help(const CLI::App& app) {
  std::string text = app.help();
  for (std::size_t at; (at = text.find("\n\n\n")) != text.npos;) text.erase(at, 1);
  return text;
}

CommandLine mistake(std::string text) { return {std::nullopt, "cgi-server: " + std::move(text) + "\n", 2}; }

template <typename Value>
void check_all(std::vector<Value>& values, Value (*checked)(const std::string&)) {
  for (Value& value : values) value = checked(value);
}

}  // namespace

Options checked(Options options) {
  const auto check = [](std::string_view name, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
    whole_number(name, std::to_string(value), low, high, kSeeHelp);
  };
  whole_number("port", std::to_string(options.port), 0, 65535, kSeeHelp);
  check("--max-body", options.max_body, 0, kMostOctets);
  check("--max-spool", options.max_spool, 0, kMostOctets);
  check("--max-connections", options.max_connections, 1, kMost);
  check("--max-connections-per-address", options.max_connections_per_address, 0, kMost);
  check("--max-scripts", options.max_scripts, 1, kMost);
  check("--loops", options.loops, 1, kMostLoops);
  const auto check_time = [](std::string_view name, double value, bool zero_allowed) {
    std::array<char, 512> text{};  // std::to_string() follows the locale of the program
    std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    seconds(name, text.data(), zero_allowed, kSeeHelp);
  };
  check_time("--script-timeout", options.script_timeout, true);
  check_time("--header-timeout", options.header_timeout, false);
  check_all(options.cgi_directories, cgi_directory);
  check_all(options.allowed_hosts, allowed_host);
  check_all(options.pass_env, variable_name);
  options.protocol = options.profile == Profile::kRfc3875 ? "HTTP/1.1" : protocol(options.protocol, options.profile);
  return options;
}

CommandLine parse_command_line(int argc, const char* const* argv) {
  CLI::App app("Serves the files and CGI scripts of a directory, as python3 -m http.server --cgi did.", "cgi-server");
  Options options;
  options.loops = std::max(1U, std::thread::hardware_concurrency());
  std::string port, version;  // checked after the unknown words
  bool no_effect = false;
  declare(app, options, port, version, no_effect);
  app.allow_extras();
  app.get_formatter()->column_width(44);
  // CLI11 expects the words in reverse.
  std::vector<std::string> words;
  for (int i = argc - 1; i > 0; --i) words.emplace_back(argv[i]);
  try {
    for (const std::string& word : words) check_equals_sign(app, word);
    app.parse(words);
    if (const auto extras = app.remaining(); !extras.empty()) reject_extra(app, extras.front());
    for (const char* const name : {"--directory", "--cgi-directory"}) {
      if (!options.demo || app.count(name) == 0) continue;
      reject(name, app[name]->results().front(), "does not go with --demo", "leave one of them out");
    }
    options.port = static_cast<int>(whole_number("port", port, 0, 65535, "try: cgi-server 8000"));
    options.protocol = protocol(version, options.profile);
    return {std::move(options), "", 0};
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, help(app), 0};
  } catch (const CLI::CallForVersion& version) {
    return {std::nullopt, std::string(version.what()) + "\n", 0};
  } catch (const std::invalid_argument& known) {
    return mistake(known.what());
  } catch (const CLI::ArgumentMismatch& missing) {
    const std::string text = missing.what();
    return mistake("option " + in_quotes(text.substr(0, text.find(':'))) + " needs a value (" + kSeeHelp + ")");
  } catch (const CLI::Error& error) {
    return mistake(log_escape(error.what()) + " (" + kSeeHelp + ")");
  }
}

}  // namespace cgi
