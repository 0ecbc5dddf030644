#include "options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "version.h"

namespace cgi {
namespace {

CommandLine parsed(const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"cgi-server"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  argv.push_back(nullptr);
  return parse_command_line(static_cast<int>(words.size()) + 1, argv.data());
}

Options options(const std::vector<std::string>& words) {
  const CommandLine line = parsed(words);
  EXPECT_TRUE(line.options) << line.text;
  EXPECT_EQ("", line.text);
  return line.options.value_or(Options{});
}

// Returns the line for a mistake, without "cgi-server: ".
std::string mistake(const std::vector<std::string>& words) {
  const CommandLine line = parsed(words);
  EXPECT_FALSE(line.options);
  EXPECT_EQ(2, line.exit_status);
  EXPECT_EQ(0u, line.text.find("cgi-server: ")) << line.text;
  EXPECT_EQ(line.text.size() - 1, line.text.find('\n')) << "one line: " << line.text;
  return line.text.substr(12, line.text.size() - 13);
}

TEST(Options, NameInterpreters) {
  const Options two =
      options({"--interpreter", ".PL=C:\\perl\\perl.exe", "--interpreter", ".php=C:\\a=b\\php-cgi.exe"});
  ASSERT_EQ(2u, two.interpreters.size());
  EXPECT_EQ(".pl", two.interpreters[0].suffix);
  EXPECT_EQ("C:\\perl\\perl.exe", two.interpreters[0].program);
  EXPECT_EQ("C:\\a=b\\php-cgi.exe", two.interpreters[1].program);
  for (const char* value : {"perl", ".pl", ".pl=", "=perl", ".=perl", "pl=perl"}) {
    EXPECT_EQ(0u, mistake({"--interpreter", value}).find("--interpreter \"")) << value;
  }
}

TEST(Options, HaveDefaults) {
  for (const Options& given : {options({}), options({"--cgi"})}) {
    EXPECT_EQ(8000, given.port);
    EXPECT_EQ("127.0.0.1", given.bind);
    EXPECT_EQ(".", given.directory);
    EXPECT_EQ("HTTP/1.0", given.protocol);
    EXPECT_EQ(Profile::kCgiHttpServer, given.profile);
    EXPECT_EQ((std::vector<std::string>{"/cgi-bin", "/htbin"}), given.cgi_directories);
    EXPECT_EQ("nobody", given.user);
    EXPECT_TRUE(given.pass_env.empty());
    EXPECT_FALSE(given.inherit_env);
    EXPECT_FALSE(given.pass_authorization);
    EXPECT_FALSE(given.follow_symlinks);
    EXPECT_EQ(30, given.header_timeout);
    EXPECT_EQ(300, given.script_timeout);
    EXPECT_EQ(1073741824u, given.max_body);
    EXPECT_EQ(512u, given.max_connections);
    EXPECT_EQ(0u, given.max_connections_per_address);
    EXPECT_EQ(std::max(1u, std::thread::hardware_concurrency()), given.loops);
    EXPECT_EQ(128u, given.max_scripts);
    EXPECT_EQ(LogFormat::kCommon, given.log_format);
    EXPECT_EQ("", given.port_file);
  }
}

TEST(Options, HaveLongForms) {
  const Options given = options({"--bind",
                                 "::1",
                                 "--directory",
                                 "/srv",
                                 "--protocol",
                                 "HTTP/1.1",
                                 "--profile",
                                 "cgihttpserver",
                                 "--cgi-directory",
                                 "/a",
                                 "--cgi-directory=/b/c/",
                                 "--user",
                                 "www",
                                 "--pass-env",
                                 "LANG",
                                 "--pass-env=TZ",
                                 "--inherit-env",
                                 "--pass-authorization",
                                 "--follow-symlinks",
                                 "--script-timeout",
                                 "0",
                                 "--header-timeout",
                                 "1.5",
                                 "--max-body",
                                 "0",
                                 "--max-connections",
                                 "1",
                                 "--max-connections-per-address",
                                 "64",
                                 "--loops",
                                 "3",
                                 "--max-scripts",
                                 "2",
                                 "--log-format",
                                 "json",
                                 "--port-file",
                                 "/run/port",
                                 "--cgi",
                                 "0"});
  EXPECT_EQ("::1", given.bind);
  EXPECT_EQ("/srv", given.directory);
  EXPECT_EQ("HTTP/1.1", given.protocol);
  EXPECT_EQ((std::vector<std::string>{"/a", "/b/c"}), given.cgi_directories);
  EXPECT_EQ("www", given.user);
  EXPECT_EQ((std::vector<std::string>{"LANG", "TZ"}), given.pass_env);
  EXPECT_TRUE(given.inherit_env);
  EXPECT_TRUE(given.pass_authorization);
  EXPECT_TRUE(given.follow_symlinks);
  EXPECT_EQ(0, given.script_timeout);
  EXPECT_EQ(1.5, given.header_timeout);
  EXPECT_EQ(0u, given.max_body);
  EXPECT_EQ(1u, given.max_connections);
  EXPECT_EQ(64u, given.max_connections_per_address);
  EXPECT_EQ(3u, given.loops);
  EXPECT_EQ(2u, given.max_scripts);
  EXPECT_EQ(LogFormat::kJson, given.log_format);
  EXPECT_EQ("/run/port", given.port_file);
  EXPECT_EQ(0, given.port);
}

TEST(Options, HaveTheFormsOfPythonsServer) {
  const Options given = options({"--cgi", "-b", "0.0.0.0", "-d", "/srv", "-p", "HTTP/1.1", "9000"});
  EXPECT_EQ("0.0.0.0", given.bind);
  EXPECT_EQ("/srv", given.directory);
  EXPECT_EQ("HTTP/1.1", given.protocol);
  EXPECT_EQ(9000, given.port);
}

TEST(Options, GivenTwiceHaveTheLastValue) { EXPECT_EQ("b", options({"-d", "a", "--directory", "b"}).directory); }

TEST(RepeatableOptions, DoNotTakeThePort) {
  EXPECT_EQ(9000, options({"--cgi-directory", "/a", "9000"}).port);
  EXPECT_EQ(9000, options({"--pass-env", "LANG", "9000"}).port);
}

TEST(DemoOption, GoesWithAProfile) {
  EXPECT_FALSE(options({}).demo);
  EXPECT_TRUE(options({"--demo", "--profile", "rfc3875", "8001"}).demo);
}

TEST(CgiDirectoryOption, IsNormalised) {
  const std::map<std::string, std::string> normal = {{"/a", "/a"},     {"/a/", "/a"},      {"//a//b//", "/a/b"},
                                                     {"/./a/.", "/a"}, {"/a..b", "/a..b"}, {"/", "/"},
                                                     {"//./", "/"}};
  for (const auto& [written, path] : normal) {
    EXPECT_EQ(std::vector<std::string>{path}, options({"--cgi-directory", written}).cgi_directories);
  }
}

TEST(Port, IsANumberUpTo65535) {
  EXPECT_EQ(65535, options({"65535"}).port);
  for (const std::string port : {"65536", "99999", "-1", "abc", "80x", "8000.0", "0x50", "99999999999999999999"}) {
    EXPECT_EQ("port \"" + port + "\" is not between 0 and 65535 (try: cgi-server 8000)", mistake({port}));
  }
}

TEST(Mistakes, NameTheOptionTheValueAndTheNextStep) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> answers = {
      {{"--protocol", "HTTP/2"}, "--protocol \"HTTP/2\" is not HTTP/1.0 or HTTP/1.1 (try: --protocol HTTP/1.1)"},
      {{"-p", "http/1.1"}, "--protocol \"http/1.1\" is not HTTP/1.0 or HTTP/1.1 (try: --protocol HTTP/1.1)"},
      {{"--profile", "rfc3875", "-p", "HTTP/1.0"},
       "--protocol \"HTTP/1.0\" does not go with profile rfc3875 (leave it out: that speaks HTTP/1.1)"},
      {{"--profile", "x"}, "--profile \"x\" is not cgihttpserver or rfc3875 (try: --profile rfc3875)"},
      {{"--cgi-directory", "cgi"}, "--cgi-directory \"cgi\" does not begin with '/' (try: --cgi-directory /cgi-bin)"},
      {{"--cgi-directory", "/a/../b"},
       "--cgi-directory \"/a/../b\" holds '..' (name the directory as its URL shows it: /cgi-bin)"},
      {{"--pass-env", "A=b"}, "--pass-env \"A=b\" holds '=' (only the name: --pass-env LANG)"},
      {{"--max-body", "10M"},
       "--max-body \"10M\" is not between 0 and 1000000000000000 (octets without a unit: --max-body 1000000)"},
      {{"--max-connections", "0"}, "--max-connections \"0\" is not between 1 and 1000000 (try: --max-connections 512)"},
      {{"--max-connections-per-address", "-1"},
       "--max-connections-per-address \"-1\" is not between 0 and 1000000 (try: --max-connections-per-address 64)"},
      {{"--loops", "0"}, "--loops \"0\" is not between 1 and 1024 (try: --loops 1)"},
      {{"--max-scripts", "-1"}, "--max-scripts \"-1\" is not between 1 and 1000000 (try: --max-scripts 128)"},
      {{"--header-timeout", "0"},
       "--header-timeout \"0\" is not a number of seconds above 0 and up to 31536000 (try: --header-timeout 30)"},
      {{"--script-timeout", "-5"},
       "--script-timeout \"-5\" is not a number of seconds from 0 to 31536000 (try: --script-timeout 300)"},
      {{"--script-limit", ""},
       "--script-limit \"\" names none of cpu, memory, files, processes, output (try: --script-limit "
       "cpu=60,memory=1000000000)"},
      {{"--log-format", "xml"}, "--log-format \"xml\" is not common, json or none (try: --log-format common)"},
      {{"--bind"}, "option \"--bind\" needs a value (try: cgi-server --help)"},
      {{"-d"}, "option \"--directory\" needs a value (try: cgi-server --help)"},
      {{"--bind", "--cgi"}, "--bind \"--cgi\" is not a value (try: cgi-server --help)"},
      {{"--user", ""}, "--user \"\" is not a value (try: cgi-server --help)"},
      {{"--protocol", ""}, "--protocol \"\" is not a value (try: cgi-server --help)"},
      {{"--log-file=", "8000"}, "--log-file \"\" is not a value (try: cgi-server --help)"},
      {{"--demo=0"}, "--demo \"0\" is a value too many (try: --demo)"},
      {{"--demo", "-d", "site"}, "--directory \"site\" does not go with --demo (leave one of them out)"},
      {{"--cgi-directory", "/", "--demo"}, "--cgi-directory \"/\" does not go with --demo (leave one of them out)"},
      {{"8000", "9000"}, "argument \"9000\" is one too many (one port is enough: cgi-server 8000)"},
  };
  for (const auto& [words, answer] : answers) EXPECT_EQ(answer, mistake(words));
}

TEST(PassEnv, RefusesRequestVariables) {
  for (const std::string profile : {"cgihttpserver", "rfc3875"}) {
    for (const std::string name : {"CONTENT_LENGTH", "DOCUMENT_ROOT", "GATEWAY_INTERFACE", "HTTP_HOST", "HTTP_PROXY",
                                   "PATH_INFO", "QUERY_STRING", "REDIRECT_STATUS", "REMOTE_ADDR", "REMOTE_IDENT",
                                   "REQUEST_METHOD", "SCRIPT_NAME", "SERVER_SOFTWARE"}) {
      EXPECT_EQ("--pass-env \"" + name +
                    "\" is never passed on: scripts would take it for a part of the request (use another name)",
                mistake({"--profile", profile, "--pass-env", "LANG", "--pass-env", name}));
    }
    const std::vector<std::string> stated = {"AUTH_TYPE", "REMOTE_USER", "HTTPS", "http_proxy", "PATH"};
    std::vector<std::string> words = {"--profile", profile};
    for (const std::string& name : stated) words.push_back("--pass-env=" + name);
    EXPECT_EQ(stated, options(words).pass_env);
  }
  EXPECT_EQ(
      "--pass-env \"HTTP_AUTHORIZATION\" is never passed on: scripts would take it for a part of the request "
      "(try: --pass-authorization)",
      mistake({"--pass-env", "HTTP_AUTHORIZATION"}));
}

TEST(Seconds, AreNumbersWithoutExponent) {
  for (const std::string value : {"inf", "nan", "1e9", "0x10", "1.2.3", ".", "", "1s", "31536001", "1,5"}) {
    EXPECT_EQ(0u, mistake({"--script-timeout", value}).find("--script-timeout \"" + value + "\" is not a number"));
  }
}

TEST(UnknownOptions, GetTheMostSimilarOptionAsAHint) {
  const std::map<std::string, std::string> likely = {
      {"--protocl", "--protocol"},
      {"--dir", "--directory"},
      {"--dir=.", "--directory"},
      {"--max-conections", "--max-connections"},
      {"--follow-simlinks", "--follow-symlinks"},
      {"--script-timeot=3", "--script-timeout"},
      {"--verson", "--version"},
  };
  for (const auto& [written, meant] : likely) {
    EXPECT_EQ("option \"" + written + "\" is unknown (did you mean " + meant + "?)", mistake({written}));
  }
  for (const std::string written : {"--bogus", "-x", "--zzzzzzzzzzzz"}) {
    EXPECT_EQ("option \"" + written + "\" is unknown (try: cgi-server --help)", mistake({written}));
  }
}

TEST(Mistakes, AreOneLineForAnyValue) {
  EXPECT_EQ("--profile \"a\\x0ab\\x1b\" is not cgihttpserver or rfc3875 (try: --profile rfc3875)",
            mistake({"--profile", "a\nb\x1b"}));
  mistake({"--\n"});
  mistake({"--cgi=a\nb"});
}

TEST(VersionOption, PrintsTheVersionOnly) {
  const CommandLine line = parsed({"--version"});
  EXPECT_FALSE(line.options);
  EXPECT_EQ(0, line.exit_status);
  EXPECT_EQ("cgi-server " + std::string(kVersion) + "\n", line.text);
}

TEST(Help, ShowsEachOptionAndItsDefault) {
  for (const char* flag : {"--help", "-h"}) {
    const CommandLine line = parsed({flag});
    EXPECT_EQ(0, line.exit_status);
    for (const char* shown : {"PORT",
                              "8000",
                              "-b,",
                              "--bind",
                              "127.0.0.1",
                              "-d,",
                              "--directory",
                              "-p,",
                              "--protocol",
                              "HTTP/1.0",
                              "--profile",
                              "cgihttpserver",
                              "--cgi-directory",
                              "/cgi-bin,/htbin",
                              "--cgi ",
                              "--user",
                              "nobody",
                              "--pass-env",
                              "--inherit-env",
                              "--pass-authorization",
                              "HTTP_AUTHORIZATION",
                              "--follow-symlinks",
                              "--demo",
                              "--script-timeout",
                              "300",
                              "--header-timeout",
                              "30",
                              "--max-body",
                              "1073741824",
                              "--max-connections",
                              "512",
                              "--max-connections-per-address",
                              "--loops",
                              "--max-scripts",
                              "128",
                              "--log-format",
                              "common",
                              "--port-file",
                              "--version",
                              "--help"}) {
      EXPECT_NE(std::string::npos, line.text.find(shown)) << shown;
    }
    EXPECT_EQ(std::string::npos, line.text.find("\n\n\n"));
    for (std::size_t begin = 0; begin < line.text.size();) {
      const std::size_t end = line.text.find('\n', begin);
      EXPECT_LE(end - begin, 100u) << line.text.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

TEST(CommandLine, MayHaveNoWords) { EXPECT_TRUE(parse_command_line(0, nullptr).options); }

}  // namespace
}  // namespace cgi
