#include "work.h"

#include <benchmark/benchmark.h>

#include "../../server/cgi11_response.h"
#include "../../server/meta_variables.h"
#include "../../server/pages.h"
#include "../../server/request_head.h"
#include "../../server/url_path.h"

namespace cgi::bench {
namespace {

const std::string kShort = "GET /cgi-bin/hello HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n";

const std::string kBrowser =
    "GET /cgi-bin/search?q=common+gateway&lang=en HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: http://www.example.org/index.html\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=4711; theme=dark\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT\r\n\r\n";

std::string with_fields(int count) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < count; ++i) head += "X-Field-" + std::to_string(i) + ": value " + std::to_string(i) + "\r\n";
  return head + "\r\n";
}

Request parsed(const std::string& head) {
  HeadParser parser;
  parser.consume(head);
  Request request = std::move(parser.request());
  request.uri = request.target;
  request.host = "www.example.org";
  return request;
}

Work parse_head(const std::string& name, const std::string& head) {
  return {"request_head/" + name, [head] {
            HeadParser parser;
            benchmark::DoNotOptimize(parser.consume(head));
          }};
}

Work map_target(const std::string& name, const std::string& target) {
  static const std::vector<std::string> directories = {"/cgi-bin", "/htbin"};
  return {"url_path/" + name, [target] {
            const auto path = parse_target(target);
            benchmark::DoNotOptimize(cgi_directory_of(*path, directories));
          }};
}

Work variables(const std::string& profile, Environment (*all)(const ScriptRequest&, const Environment&),
               const Request& request) {
  return {"meta_variables/" + profile, [all, request] {
            static const ServerIdentity server = {"cgi-server/0.1.0", "localhost", 8000, "HTTP/1.1", "/srv/www"};
            const ScriptPath script = {"/cgi-bin/search", ""};
            benchmark::DoNotOptimize(as_strings(all({request, "q=common+gateway&lang=en", script, "", server}, {})));
          }};
}

Work header_block() {
  return {"cgi11_response/header-block", [] {
            static const std::string block =
                "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 1234\r\n"
                "Set-Cookie: session=4711; HttpOnly\r\nCache-Control: no-store\r\nX-Powered-By: a script\r\n\r\n";
            benchmark::DoNotOptimize(parse_cgi11_head(block));
          }};
}

Work listing(int count) {
  std::vector<ListingEntry> entries;
  for (int i = 0; i < count; ++i) {
    entries.push_back({"File " + std::to_string((i * 37) % count) + ".txt", i % 10 == 0, false});
  }
  return {"listing/" + std::to_string(count) + "-entries",
          [entries] { benchmark::DoNotOptimize(listing_page("/files/", entries)); }};
}

}  // namespace

const std::vector<Work>& all_work() {
  static const std::vector<Work> all = {
      parse_head("short", kShort),
      parse_head("browser", kBrowser),
      parse_head("9-fields", with_fields(9)),
      parse_head("50-fields", with_fields(50)),
      parse_head("90-fields", with_fields(90)),
      map_target("plain", "/cgi-bin/search?q=common+gateway&lang=en"),
      map_target("escapes", "/docs/../cgi-bin/./a%20b/%E2%82%AC/../c%2Fd?q=%20#top"),
      map_target("query-1k", "/cgi-bin/search?" + std::string(1'000, 'q')),
      map_target("query-60k", "/cgi-bin/search?" + std::string(60'000, 'q')),
      variables("cgihttpserver", cgihttpserver_variables, parsed(kBrowser)),
      variables("rfc3875", cgi11_variables, parsed(kBrowser)),
      variables("9-fields", cgi11_variables, parsed(with_fields(9))),
      variables("90-fields", cgi11_variables, parsed(with_fields(90))),
      header_block(),
      listing(100),
      listing(10'000),
  };
  return all;
}

}  // namespace cgi::bench
